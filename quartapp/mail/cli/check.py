"""`quartapp mail check` and `quartapp mail test`: whether messages can leave at all."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from quartapp.config import ConfigError
from quartapp.mail import MailError, Message
from quartapp.mail.cli.counter import make_app
from quartapp.mail.lines import escaped
from quartapp.mail.mailbox import Catcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quart import Quart

    from quartapp.mail import Mail

__all__ = ["check", "test"]

TEST_MESSAGE = """\
This message was sent by `quartapp mail test`, to see whether messages arrive.
There is nothing to do about it.
"""


@click.command("check", short_help="Walk to the mail server and say which step fails.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when all is known.")
def check(as_json: bool) -> None:
    """Walk to the mail server as a message would, and say how each step went.

    \b
    settings   they can be used, and contradict each other nowhere
    dns        the name of the server has an address
    tcp        somebody listens there
    tls        the connection is private, the certificate valid and for that name
    ehlo       a mail server answers
    login      it takes the user name and the password

    It stops at the first step that fails and says what to do about it. No message is sent, and
    the database is not asked. The exit code is 0 when all is well, 1 when a step failed.
    """
    report = CheckReport(as_json)
    try:
        app = make_app()
    except ConfigError as error:
        report.add("settings", False, str(error))
    else:
        asyncio.run(_check(app, report))
    report.end()


@click.command("test", short_help="Send a test message now and say what the server answered.")
@click.argument("address")
def test(address: str) -> None:
    """Send a test message to ADDRESS, now, and say in a sentence what the server answered.

    It goes the way of every message, through MAIL_SERVER, but is not kept in the outbox: nothing
    is tried again. In development without a MAIL_SERVER it goes into the mailbox that
    /dev/mail/ shows.

    The exit code is 0 when the server took it, and 1 when not. What happens to a message after
    the server took it, only the mailbox of ADDRESS can tell.
    """
    try:
        click.echo(escaped(asyncio.run(_test(make_app(), address))))
    except (MailError, OSError) as error:
        sys.exit(escaped(f"The message was not sent: {error}"))


class CheckReport:
    """What is said about the steps: each at once for a person, all at the end for a program."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._steps: list[dict[str, Any]] = []

    def add(self, step: str, is_ok: bool, words: str) -> None:
        """Tell of a step: what was found, or what is wrong with it."""
        self._steps.append({"step": step, "ok": is_ok, "detail": words})
        if not self._as_json:
            shown = f"ok      {words}" if is_ok else "failed"
            click.echo(f"{step:<9} {escaped(shown)}")

    def end(self) -> None:
        """Say in a sentence how it went, and leave with 1 if a step failed."""
        failed = next((step for step in self._steps if not step["ok"]), None)
        sentence = "Messages can go there."
        if failed:
            sentence = f"The {failed['step']} step failed: {failed['detail']}"
        if self._as_json:
            report = {"ok": failed is None, "steps": self._steps, "sentence": sentence}
            click.echo(json.dumps(report, indent=2))
        else:
            click.echo(escaped(sentence))
        sys.exit(1 if failed else 0)


async def _check(app: Quart, report: CheckReport) -> None:
    if app.config["MAIL_BACKEND"] == "mailbox":
        report.add("settings", True, "messages go to the development mailbox, inside the app")
        return
    service: Mail = app.extensions["mail"]
    async for finding in service.check():
        report.add(finding.step, finding.is_ok, finding.words)


async def _test(app: Quart, address: str) -> str:
    service: Mail = app.extensions["mail"]
    message = Message(
        f"{service.settings.subject_prefix} Test message".strip(),
        sender=service.settings.template_sender,
        recipients=[address],
        body=TEST_MESSAGE,
        extra_headers={"Auto-Submitted": "auto-generated"},
    )
    if service.worker.is_suppressed:
        sys.exit("Nothing was sent: MAIL_SUPPRESS_SEND is on.")
    async with AsyncExitStack() as stack:
        stack.enter_context(_without_warnings())
        where = f"{service.settings.server}:{service.settings.port}"
        if app.config["MAIL_BACKEND"] == "mailbox":
            where = "The development mailbox"
            catcher = Catcher(app.extensions["mailbox"], app.config["MAIL_MAX_SIZE"])
            await stack.enter_async_context(catcher)
            await stack.enter_async_context(service.worker.running(("127.0.0.1", catcher.port)))
        receipt = await service.send(message)
    [recipient] = receipt.recipients
    return f"{where} took the message for {recipient.address}: {recipient.code} {recipient.reply}"


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Without what the pool warns of, which is about to be said in a sentence."""
    logger = logging.getLogger("quartapp.mail.transports.smtp.pool")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
