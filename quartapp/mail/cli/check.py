"""`mail check` and `mail test`: whether messages can leave at all."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from quartapp.mail.cli.target import load_service
from quartapp.mail.errors import MailError
from quartapp.mail.lines import escaped
from quartapp.mail.message.message import Message
from quartapp.mail.settings import Backend
from quartapp.settings.keys import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quartapp.mail.service import MailService

__all__ = ["check", "test"]

ENVELOPE = ("sender", "recipient")

TEST_MESSAGE = """\
This message was sent by `quartapp mail test` to see whether messages arrive.
You can ignore it.
"""


@click.command("check", short_help="Connect to the mail server and say which step fails.")
@click.option(
    "--to", metavar="ADDRESS", help="The recipient that is named; the sender's own by default."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def check(to: str | None, as_json: bool) -> None:
    """Go to the mail server as a delivery would, and say how each step went.

    \b
    settings   valid and consistent
    dns        the name of the server has an address
    tcp        the server accepts connections
    tls        the connection is encrypted, the certificate valid and for that name
    ehlo       a mail server answers
    login      it accepts the user name and the password
    sender     it accepts the sender of the app's messages, and wants no other login
    recipient  it accepts a recipient; many servers judge the sender only then

    It stops at the first step that fails and says what to do about it. A warning is about what
    only some messages meet, or about a better setting. No message is sent, and the database is
    used only to end the pause of logins after one that was rejected. With the development mailbox
    that mailbox is checked instead.

    The recipient is the sender's own address, or MAIL_REDIRECT_TO's; --to names another. A
    mailbox that does not exist is a warning where nobody asked for it, else a failure.

    The exit code is 0 when messages can leave, 1 when not: a step failed, or MAIL_SUPPRESS_SEND
    is on.
    """
    report = CheckReport(as_json)
    try:
        service = load_service()
        asyncio.run(_check(service, report, to))
    except (SystemExit, SettingError, MailError) as error:
        report.add("settings", "failed", str(error))
    report.end()


@click.command("test", short_help="Send a test message now and print the server's reply.")
@click.argument("address")
def test(address: str) -> None:
    """Send a test message to ADDRESS, now, and print the server's reply.

    It is sent as every message is, through MAIL_SERVER, but not stored in the outbox: it is not
    retried. With the development mailbox it arrives there.

    The exit code is 0 when the server accepted it, and 1 when not. What happens to a message after
    that, only the mailbox of ADDRESS can tell.
    """
    try:
        click.echo(escaped(asyncio.run(_test(load_service(), address))))
    except (MailError, OSError) as error:
        sys.exit(escaped(f"The message was not sent: {error}"))


class CheckReport:
    """The report on the steps: each at once for a person, all at the end for a program."""

    def __init__(self, as_json: bool) -> None:
        self.ready = "Ready to send"
        self.is_suppressed = False
        self._as_json = as_json
        self._steps: list[dict[str, Any]] = []

    def add(self, step: str, level: str, detail: str) -> None:
        """Add a step: what was found, or what is wrong with it."""
        is_ok = level != "failed"
        self._steps.append({"step": step, "ok": is_ok, "level": level, "detail": detail})
        if not self._as_json:
            shown = f"{level:<7} {detail}" if is_ok else level
            click.echo(f"{step:<9} {escaped(shown)}")

    def end(self) -> None:
        """Say in a sentence how it went, and leave with 1 unless messages can leave."""
        is_ok = all(step["ok"] for step in self._steps) and not self.is_suppressed
        sentence = self._sentence()
        if self._as_json:
            report = {"ok": is_ok, "steps": self._steps, "sentence": sentence}
            click.echo(json.dumps(report, indent=2))
        else:
            click.echo(escaped(sentence))
        sys.exit(0 if is_ok else 1)

    def _sentence(self) -> str:
        for step in self._steps:
            if not step["ok"]:
                return f"The {step['step']} step failed: {step['detail']}"
        if self.is_suppressed:
            return f"{self.ready}, but nothing is sent: MAIL_SUPPRESS_SEND is on."
        warnings = sum(step["level"] == "warning" for step in self._steps)
        some = f", with {warnings} warning{'s' * (warnings != 1)}" if warnings else ""
        return f"{self.ready}{some}."


async def _check(service: MailService, report: CheckReport, to: str | None) -> None:
    if service.worker.is_suppressed:
        report.is_suppressed = True
        report.add("settings", "warning", "MAIL_SUPPRESS_SEND is on, so that nothing is sent")
    is_mailbox = service.settings.backend is Backend.MAILBOX
    if is_mailbox:
        folder = service.mailbox.store.path
        where = f"messages go to the development mailbox in {folder}, and to no mail server"
        report.add("settings", "ok", where)
        report.ready = "Ready for the development mailbox"
    async for finding in service.check(to):
        # On the way to the mailbox there is no name, no TLS and no login.
        if not is_mailbox or finding.step in ENVELOPE or not finding.is_ok:
            report.add(finding.step, finding.level, finding.words)


async def _test(service: MailService, address: str) -> str:
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
        if service.settings.backend is Backend.MAILBOX:
            where = "The development mailbox"
            catcher = await stack.enter_async_context(service.mailbox.catcher())
            running = service.worker.running(("127.0.0.1", catcher.port), dispatch=False)
            await stack.enter_async_context(running)
        receipt = await service.send(message)
    [recipient] = receipt.recipients
    return (
        f"{where} accepted the message for {recipient.address}: {recipient.code} {recipient.reply}"
    )


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Without the warning that delivery is paused, which the command repeats in a sentence."""
    logger = logging.getLogger("quartapp.mail.transports.pauses")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
