"""What an app has in `app.extensions["mail"]`: the mail service that it is bound to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import current_app, has_app_context

from quartapp.mail.errors import MailError
from quartapp.mail.service import MailService

if TYPE_CHECKING:
    from collections.abc import Collection

    from quart import Quart

    from quartapp.mail.settings import MailSettings

__all__ = ["current_settings", "of_the_current_app", "refuse_a_second"]


def of_the_current_app(services: Collection[MailService]) -> MailService:
    """The current app's service, one of these. Raises `MailError`, which says what it has."""
    found = current_app.extensions.get("mail")
    if isinstance(found, MailService) and found in services:
        return found
    if found is None:
        raise MailError(f"{current_app.name} has no mail: call mail.init_app(app)")
    raise MailError(
        f"the mail of {current_app.name} is another extension's or another Mail's: "
        "call init_app(app) of this one"
    )


def current_settings() -> MailSettings | None:
    """The current app's mail settings; None without an app, or for one that has no mail."""
    found = current_app.extensions.get("mail") if has_app_context() else None
    return found.settings if isinstance(found, MailService) else None


def refuse_a_second(app: Quart) -> None:
    """Raise `MailError` for an app that has mail already, ours or another extension's."""
    found = app.extensions.get("mail")
    if isinstance(found, MailService):
        raise MailError(f"{app.name} has mail already: call init_app(app) once")
    if found is not None:
        raise MailError(
            f'{app.name} has another extension named "mail", {type(found).__name__}: remove it'
        )
