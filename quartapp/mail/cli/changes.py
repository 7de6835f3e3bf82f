"""`mail retry` and `mail cancel`: the changes that an operator makes to messages."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from quartapp.mail.cli.target import ask, log_action, startup_option
from quartapp.mail.outbox import Filter
from quartapp.mail.outbox.states import Action, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quartapp.mail.service import MailService

__all__ = ["cancel", "retry"]


@click.command("retry", short_help="Send failed and uncertain messages again.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="All messages that failed or are uncertain.")
@click.option(
    "--status",
    type=click.Choice([Status.FAILED.value, Status.UNCERTAIN.value]),
    help="With --all: only those in this state.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@startup_option
def retry(ids: tuple[str, ...], is_all: bool, status: str | None, yes: bool) -> None:
    """Retry messages that failed or are uncertain: each ID, or --all.

    They are due at once, as if they were new, and go only to those recipients that were not
    accepted before. A message that was uncertain may arrive twice. Messages whose content has been
    pruned cannot be retried.

    On a terminal it says how many messages these are and asks first. Who did it is logged. The
    exit code is 1 when no message was changed, or an ID is unknown; then nothing is done at all.
    """
    _must_name(ids, is_all)
    if status and not is_all:
        raise click.UsageError("--status goes with --all.")
    wanted = Filter(status=Status(status) if status else None)
    _change(Action.RETRY, ids, wanted, yes, "Queued {} again.")


@click.command("cancel", short_help="Stop messages that are still to be sent.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="All messages that are still to be sent.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@startup_option
def cancel(ids: tuple[str, ...], is_all: bool, yes: bool) -> None:
    """Cancel messages that are still to be sent: each ID, or --all.

    An attempt in progress will finish; there is no other after it.

    On a terminal it says how many messages these are and asks first. Who did it is logged. The
    exit code is 1 when no message was changed, or an ID is unknown; then nothing is done at all.
    """
    _must_name(ids, is_all)
    _change(Action.CANCEL, ids, Filter(), yes, "Cancelled {}.")


def _must_name(ids: Sequence[str], is_all: bool) -> None:
    if bool(ids) == is_all:
        raise click.UsageError("Name messages by their ID, or use --all.")


def _change(
    action: Action, ids: Sequence[str], wanted: Filter, is_sure: bool, outcome: str
) -> None:
    is_asked = sys.stdin.isatty() and not is_sure
    named = list(dict.fromkeys(ids))
    done = ask(lambda service: _act(service, named, wanted, action, is_asked))
    if not done:
        sys.exit(f"Nothing to {action}.")
    click.echo(outcome.format(_messages(done)))


async def _act(
    service: MailService, ids: Sequence[str], wanted: Filter, action: Action, is_asked: bool
) -> int:
    """Do it to all of them, however many, and log who did."""
    for delivery_id in ids:
        if await service.get(delivery_id) is None:
            raise LookupError(f"No message with id {delivery_id}.")
    most = Filter.MOST_IDS
    parts = [replace(wanted, ids=ids[first : first + most]) for first in range(0, len(ids), most)]
    count = sum([await service.report.how_many(part, action) for part in parts or [wanted]])
    if count and is_asked:
        click.confirm(f"{action.capitalize()} {_messages(count)}?", abort=True)
    done = await _changed(service, ids, wanted, action) if count else []
    log_action(action, done, ["status"] if wanted.status else ())
    return len(done)


async def _changed(
    service: MailService, ids: Sequence[str], wanted: Filter, action: Action
) -> list[str]:
    if ids:
        act = service.retry if action is Action.RETRY else service.cancel
        return await act(*ids)
    done: list[str] = []
    while True:
        changed = await service.report.act(wanted, action)
        done += changed
        if len(changed) < service.report.AT_ONCE:
            return done


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"
