"""What a message has from the current app where it does not say: `str(message)`, `message.sender`.

Messages know no web framework. Whoever does, `Mail`, says here how the current app is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail.settings import MailSettings

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["current", "look_up_with"]

NOTHING_SET = MailSettings()


def _nowhere() -> MailSettings | None:
    return None


_look_up: Callable[[], MailSettings | None] = _nowhere


def look_up_with(look_up: Callable[[], MailSettings | None]) -> None:
    """Have the current app's settings found like this; None where there is no app."""
    global _look_up
    _look_up = look_up


def current() -> MailSettings:
    """The settings of the current app; without one, those of an app that sets nothing."""
    return _look_up() or NOTHING_SET
