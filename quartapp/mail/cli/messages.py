"""`mail list`, `mail show` and `mail stats`: what is in the outbox."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from quartapp.mail.choices import SUPPRESSED, Priority
from quartapp.mail.cli.description import description, facts
from quartapp.mail.cli.table import screen_width, table
from quartapp.mail.cli.target import ask, log_action, startup_option
from quartapp.mail.clock import span
from quartapp.mail.lines import escaped
from quartapp.mail.outbox import Filter
from quartapp.mail.outbox.delivery import reason
from quartapp.mail.outbox.query.verdict import verdict
from quartapp.mail.outbox.query.views import RecipientPage
from quartapp.mail.outbox.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.outbox.query.views import History
    from quartapp.mail.service import MailService

__all__ = ["list_", "show", "stats"]

PAGE = 500
"""Messages asked for at once."""

WIDE = 100
"""Columns of a terminal that has room for a message's reason beside its subject."""

HEADINGS = ("ID", "STATUS", "QUEUED (UTC)", "TO", "SUBJECT", "REASON")


@click.command("list", short_help="List messages, the newest first.")
@click.option(
    "--status",
    type=click.Choice([status.value for status in Status]),
    help="Only messages in this state.",
)
@click.option("--recipient", metavar="ADDRESS", help="Only messages to this address.")
@click.option(
    "--subject", metavar="PREFIX", help="Only subjects starting with PREFIX (case-insensitive)."
)
@click.option("--template", metavar="NAME", help="Only messages of this template: mail/new_user.")
@click.option(
    "--priority",
    type=click.Choice([priority.value for priority in Priority]),
    help="Only messages of this priority.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    metavar="NUMBER",
    help="How many at most.",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, for programs.")
@startup_option
def list_(
    limit: int, as_json: bool, status: str | None, priority: str | None, **conditions: Any
) -> None:
    """List the messages that meet every condition given, the newest first.

    A terminal gets a table that fits it, a pipe the same table with nothing shortened, --json all
    that is known of each message but recipients after its first hundred. The reason is the
    server's reply that decided the status, or what else did. The content of a message is never
    listed.

    \b
    quartapp mail list --status failed
    quartapp mail list --recipient ada@example.com --json | jq -r '.[].detail'
    """
    wanted = Filter(
        status=Status(status) if status else None,
        priority=Priority(priority) if priority else None,
        **conditions,
    )
    found = ask(lambda service: _found(service, wanted, limit))
    if as_json:
        click.echo(_json([asdict(message) for message in found]))
    elif found:
        click.echo("\n".join(_lines(found, screen_width())))
    else:
        click.echo("No messages yet." if wanted == Filter() else "No messages match.")


@click.command("show", short_help="Show one message's recipients and its history.")
@click.argument("delivery_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option("--body", is_flag=True, help="Print the content of the message; this is logged.")
@click.option(
    "--recipients",
    "status",
    type=click.Choice([status.value for status in Status if status is not Status.SENDING]),
    help="Only recipients in this state.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=RecipientPage.SIZE,
    metavar="NUMBER",
    help="How many recipients at most.",
    show_default=True,
)
@click.option(
    "--skip",
    type=click.IntRange(min=0),
    default=0,
    metavar="NUMBER",
    help="Begin after so many recipients.",
    show_default=True,
)
@startup_option
def show(
    delivery_id: str, as_json: bool, body: bool, status: str | None, limit: int, skip: int
) -> None:
    """Show the message ID: its recipients, the server's replies, and each attempt.

    With --body the message itself is printed instead, as it is sent: into a file it is byte for
    byte (quartapp mail show ID --body > message.eml). With both options the JSON object gets a
    field `content`. Content is private; viewing it is logged.

    Of many recipients a page is shown, also in JSON; `recipient_count` counts all:

    \b
    quartapp mail show ID --recipients failed --skip 100

    The exit code is 1 where there is no such message.
    """
    page = {"status": Status(status) if status else None, "first": skip, "size": limit}
    history, content = ask(lambda service: _looked_up(service, delivery_id, body, page))
    if as_json:
        text = {} if content is None else {"content": _text(content)}
        click.echo(_json(facts(history) | text))
    elif content is not None:
        _print_message(content)
    else:
        click.echo("\n".join(description(history)))


@click.command("stats", short_help="Count messages, and say how long the oldest waits.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@startup_option
def stats(as_json: bool) -> None:
    """Say how delivery stands, count the messages in each state, and say how long the oldest waits.

    Due now are messages that could be sent at this moment: many of them, and more each time you
    look, mean that no process delivers, or that the mail server does not respond: see
    quartapp mail check.
    """
    numbers = ask(_numbers)
    if as_json:
        click.echo(_json(numbers))
        return
    click.echo(escaped(numbers["verdict"]["sentence"]))
    for note in numbers["verdict"]["notes"]:
        click.echo(note)
    rows = [(str(status), f"{count:,}") for status, count in numbers["counts"].items()]
    if numbers["suppressed"]:
        rows.append((SUPPRESSED, f"{numbers['suppressed']:,}"))
    oldest = numbers["oldest_waiting"]
    age = "nothing is waiting"
    if oldest:
        age = f"queued {span((datetime.now(UTC) - oldest).total_seconds())} ago"
    rows += [("due now", f"{numbers['due_now']:,}"), ("oldest", age)]
    click.echo("\n".join(table(rows)))


async def _found(service: MailService, wanted: Filter, limit: int) -> list[Delivery]:
    found: list[Delivery] = []
    onward: str | None = None
    while True:
        size = min(PAGE, limit - len(found))
        page = await service.report.page(wanted, before=onward, size=size)
        found += page.messages
        onward = page.older
        if onward is None or len(found) >= limit:
            return found


async def _looked_up(
    service: MailService, delivery_id: str, body: bool, page: dict[str, Any]
) -> tuple[History, bytes | None]:
    history = await service.report.history(delivery_id, **page)
    if history is None:
        if await service.report.was_deleted(delivery_id):
            raise LookupError(f"The message with id {delivery_id} was deleted after its retention.")
        raise LookupError(f"No message with id {delivery_id}.")
    if not body:
        return history, None
    content = await service.report.content(delivery_id)
    log_action("view content", [delivery_id])
    return history, content


async def _numbers(service: MailService) -> dict[str, Any]:
    figures = await service.report.figures()
    return {
        "counts": await service.stats(),
        "due_now": await service.report.due(),
        "oldest_waiting": figures.oldest_at,
        "suppressed": figures.suppressed,
        "verdict": asdict(verdict(figures)),
    }


def _lines(found: list[Delivery], width: int | None) -> Iterator[str]:
    """A table; the reason has a line of its own where a terminal has no room for its column."""
    if width is None or width >= WIDE:
        yield from table(
            [HEADINGS, *((*_row(message), reason(message)) for message in found)], width
        )
        return
    headings, *lines = table([HEADINGS[:-1], *map(_row, found)], width)
    yield headings
    for line, message in zip(lines, found, strict=True):
        yield line
        if why := reason(message):
            yield from table([("", why)], width)


def _row(message: Delivery) -> tuple[str, ...]:
    first = message.recipients[0].address
    others = message.recipient_count - 1
    to = f"{first} and {others:,} more" if others else first
    queued = f"{message.created_at:%m-%d %H:%M}"
    return message.id, message.status, queued, to, message.subject


def _print_message(content: bytes) -> None:
    """Byte for byte into a file or a pipe; a terminal gets nothing that would move or colour it."""
    if sys.stdout.isatty():
        click.echo("\n".join(escaped(line) for line in _text(content).splitlines()))
    else:
        sys.stdout.buffer.write(content)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")


def _json(told: Any) -> str:
    return json.dumps(told, indent=2, default=datetime.isoformat)
