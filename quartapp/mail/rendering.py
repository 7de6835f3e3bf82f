"""Writes a message from a pair of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quartapp.mail.errors import MessageError
from quartapp.mail.message.message import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quartapp.mail.host import Host
    from quartapp.mail.settings import MailSettings

__all__ = ["compose"]


async def compose(
    host: Host,
    settings: MailSettings,
    to: str | Iterable[str],
    subject: str,
    template: str,
    context: Mapping[str, Any],
) -> Message:
    """A message from `template` + ".txt" and `template` + ".html"; one of the two may be missing.

    Values are escaped in the HTML only. Raises `MessageError` where neither file exists, and what
    the templates raise.
    """
    text, html = f"{template}.txt", f"{template}.html"
    body, page = await host.render((text, html), context)
    if body is None and page is None:
        raise MessageError(f"There is no mail template {text} and no {html}: write one of them.")
    message = Message(
        f"{settings.subject_prefix} {subject}".strip(),
        sender=settings.template_sender,
        recipients=[to] if isinstance(to, str) else list(to),
        body=body,
        html=page,
        extra_headers={"Auto-Submitted": "auto-generated"},
    )
    message.template = template
    return message
