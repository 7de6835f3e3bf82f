"""Who did what to which messages, for the log: ids, and never an address or what a message says."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["init", "note", "note_login"]

logger = logging.getLogger("quartapp.audit")

NAMED = 20
"""Ids in one line; the log has the other messages one by one as they are sent or fail."""


def init() -> None:
    """Have the lines written whatever QUARTAPP_LOG_LEVEL leaves out."""
    logger.setLevel(logging.INFO)


def note(who: str, what: str, ids: Collection[str], conditions: Iterable[str]) -> None:
    """Write down one action.

    what
        A word for it, such as `retry`.
    conditions
        The names of the conditions by which the messages were found, without their values.
    """
    by = f" found by {', '.join(conditions)}" if conditions else ""
    some = ", ".join(list(ids)[:NAMED])
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    noun = "message" if len(ids) == 1 else "messages"
    logger.info("%s: %s of %d %s%s: %s%s", who, what, len(ids), noun, by, some or "none", more)


def note_login(who: str) -> None:
    """Write down that somebody ended the pause of logins to the mail server."""
    logger.info("%s: log in to the mail server at once", who)
