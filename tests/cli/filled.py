"""An outbox with a letter in each state, made by a real mail service and a real SMTP server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from quart import Quart

from quartapp.mail import Mail
from quartapp.mail.testing import Phase, SMTPServer, letter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quartapp.mail import Delivery

__all__ = ["Filled", "fill"]


@dataclass(frozen=True, slots=True)
class Filled:
    """A database file, and its letters by their state; `later` is queued and not due yet.

    said
        What the letter that was sent says.
    """

    file: Path
    letters: Mapping[str, Delivery]
    said: bytes

    def __getitem__(self, state: str) -> str:
        return self.letters[state].id


async def fill(file: Path) -> Filled:
    """Keep the letters, the oldest first, and have them sent as far as the server lets them."""
    async with SMTPServer() as server:
        server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient="nobody@example.com")
        server.answer(Phase.RCPT, "451 4.7.1 greylisted", recipient="later@example.com")
        server.drop(Phase.DOT, nth=3)
        app = Quart(__name__)
        app.config.update(
            DATABASE_URL=f"sqlite+aiosqlite:///{file}",
            MAIL_SERVER=server.host,
            MAIL_PORT=server.port,
            MAIL_ON_UNCERTAIN="hold",
            MAIL_RETRY_FIRST="1h",
        )
        mail = Mail(app)
        app.before_serving(mail.upgrade)
        async with app.test_app():
            letters = await _letters(mail)
    return Filled(file, letters, server.letters[0].content)


async def _letters(mail: Mail) -> dict[str, Delivery]:
    made = {
        "sent": await _ended(mail, "Tea at four", "ada@example.com"),
        "failed": await _ended(mail, "Cake", "ada@example.com", "nobody@example.com"),
        "uncertain": await _ended(mail, "Scones \N{RIGHT-TO-LEFT OVERRIDE}", "eve@example.com"),
        "cancelled": await mail.send_later(letter(subject="Lunch"), at=_tomorrow()),
        "later": await mail.send_later(letter(subject="Supper"), at=_tomorrow()),
    }
    await mail.cancel(made["cancelled"])
    kept = await mail.send_later(letter(subject="Tea at five", recipients=["later@example.com"]))
    async for made["queued"] in mail.watch(kept):
        if made["queued"].attempts:
            return made
    raise AssertionError("the letter was sent")


async def _ended(mail: Mail, subject: str, *recipients: str) -> Delivery:
    kept = await mail.send_later(letter(subject=subject, recipients=list(recipients)))
    return await mail.wait(kept, timeout=30)


def _tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)
