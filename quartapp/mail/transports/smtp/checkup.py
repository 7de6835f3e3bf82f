"""A checkup of the way to the mail server: each step's finding, up to the first that failed."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiosmtplib

from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.smtp.certificate import lenient_context
from quartapp.mail.transports.smtp.outage import explain
from quartapp.mail.transports.smtp.probe import Probe, Step
from quartapp.mail.transports.smtp.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports.smtp.probe import Act

__all__ = ["Finding", "Step", "check"]

FORESEEN = (aiosmtplib.SMTPException, OSError, ServerOutage)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one step went: what was found, or what is wrong and the cure."""

    step: Step
    is_ok: bool
    words: str


async def check(settings: MailSettings, now: datetime) -> AsyncIterator[Finding]:
    """Probe to the mail server and say how each step went. Sends no message.

    now
        What a certificate's dates are compared with.
    """
    probe = Probe(settings, tls_context(settings), now)
    try:
        for step, act in probe.steps():
            finding = await _finding(step, act, settings, now)
            if finding.words:
                yield finding
            if not finding.is_ok:
                return
        await probe.leave()
    finally:
        probe.cut()


async def _finding(step: Step, act: Act, settings: MailSettings, now: datetime) -> Finding:
    try:
        async with asyncio.timeout(settings.timeout):
            return Finding(step, True, await act())
    except FORESEEN as error:
        words = str(explain(error, settings))
        if _is_about_the_certificate(error):
            words += await _second_look(settings, now)
        if isinstance(error, aiosmtplib.SMTPConnectResponseError):
            # With TLS from the start the greeting comes with it, and it was no welcome.
            step = Step.EHLO
        return Finding(step, False, words + (_hint(error) if step is Step.EHLO else ""))


def _hint(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "; check MAIL_PORT, and set MAIL_USE_SSL if it speaks TLS from the start"
    return "; check MAIL_SERVER and MAIL_PORT, or ask who runs the server"


def _is_about_the_certificate(error: BaseException) -> bool:
    return isinstance(error.__cause__ or error, ssl.SSLCertVerificationError)


async def _second_look(settings: MailSettings, now: datetime) -> str:
    """What a certificate says that does not hold; "" where its authority is not known."""
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
        probe.cut()
    return ""
