"""The current app's service, for code that does not hold one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from quart import current_app
from werkzeug.local import LocalProxy

from quartapp.mail.errors import MailError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.service import MailService

__all__ = ["mail", "send_email"]


def _current() -> MailService:
    try:
        found = current_app.extensions["mail"]
    except KeyError:
        raise MailError("no mail service is bound to this app: call MailService(app)") from None
    return cast("MailService", found)


mail: MailService = cast("MailService", LocalProxy(_current))
"""Stands for the current app's `MailService`; needs an app context, which a streaming response lacks."""


async def send_email(
    to: str | Iterable[str],
    subject: str,
    template: str,
    *,
    session: AsyncSession | None = None,
    at: datetime | None = None,
    expires: datetime | None = None,
    key: str | None = None,
    **context: Any,
) -> Delivery:
    """The book's function, awaitable: render `template` + ".txt" and ".html", keep the message.

    Returns when the message is kept; it is sent as soon as its transaction has committed.
    Parameters and what is raised are those of `MailService.send_email`.
    """
    return await mail.send_email(
        to, subject, template, session=session, at=at, expires=expires, key=key, **context
    )
