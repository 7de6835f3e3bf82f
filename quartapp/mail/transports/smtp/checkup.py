"""`mail check`: what each step to the mail server found, up to the first that failed."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.smtp.certificate import lenient_context
from quartapp.mail.transports.smtp.outage import explain
from quartapp.mail.transports.smtp.probe import Level, Probe, Remark, Step
from quartapp.mail.transports.smtp.rehearsal import Route
from quartapp.mail.transports.smtp.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports.smtp.probe import Act

__all__ = ["Finding", "Level", "Route", "Step", "check"]

FORESEEN = (aiosmtplib.SMTPException, OSError, ServerOutage)


@dataclass(frozen=True, slots=True)
class Finding:
    """One step's result: what was found, or what is wrong and the cure."""

    step: Step
    level: Level
    words: str

    @property
    def is_ok(self) -> bool:
        """Whether it keeps no message from leaving."""
        return self.level is not Level.FAILED


async def check(
    settings: MailSettings, now: datetime, routes: Sequence[Route]
) -> AsyncIterator[Finding]:
    """Go through the steps to the mail server, without sending a message.

    now
        The time with which a certificate's dates are compared.
    routes
        From whom to whom messages go.
    """
    probe = Probe(settings, tls_context(settings), now, routes)
    try:
        for step, act in probe.steps():
            finding = await _finding(step, act, settings, now)
            if finding.words:
                yield finding
            if not finding.is_ok:
                break
        await probe.quit()
    finally:
        probe.abort()


async def _finding(step: Step, act: Act, settings: MailSettings, now: datetime) -> Finding:
    try:
        async with asyncio.timeout(settings.timeout):
            found = await act()
        remark = found if isinstance(found, Remark) else Remark(Level.OK, found)
        return Finding(step, remark.level, remark.words)
    except FORESEEN as error:
        words = str(explain(error, settings))
        if _is_certificate_error(error):
            words += await _rejected_certificate(settings, now)
        if isinstance(error, aiosmtplib.SMTPConnectResponseError):
            # With TLS from the start the greeting comes in the same step.
            step = Step.EHLO
        return Finding(step, Level.FAILED, words + (_hint(error) if step is Step.EHLO else ""))


def _hint(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "; check MAIL_PORT, and set MAIL_USE_SSL if it expects TLS from the start"
    return "; check MAIL_SERVER and MAIL_PORT, or ask the server's operator"


def _is_certificate_error(error: BaseException) -> bool:
    return isinstance(error.__cause__ or error, ssl.SSLCertVerificationError)


async def _rejected_certificate(settings: MailSettings, now: datetime) -> str:
    """The names and dates of a rejected certificate; "" where its authority is unknown."""
    probe = Probe(settings, lenient_context(settings), now)
    try:
        async with asyncio.timeout(settings.timeout):
            for step, act in probe.steps():
                words = await act()
                if step is Step.TLS:
                    return f" ({words})"
    except FORESEEN:
        pass
    finally:
        probe.abort()
    return ""
