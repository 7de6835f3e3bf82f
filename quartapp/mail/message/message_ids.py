"""Message-IDs: a message's own, and those of the messages it answers (RFC 5322 section 3.6.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeGuard

from quartapp.mail.errors import MessageError
from quartapp.mail.lines import checked_line, shown

__all__ = ["Answered", "Parent", "message_id", "message_ids", "thread", "thread_of"]

MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,240}>")
ANY_ID = re.compile(r"<[!-;=?-~]{1,400}>")
"""An id of somebody else's message, which is taken as it is: not every writer follows the RFC."""

BARE = re.compile(r"[!-;=?-~]{1,200}@[!-;=?-~]{1,200}")
FOLD = re.compile(r"\r?\n[ \t]++")

MOST = 50
"""Ids of a thread that are written: the first, and the newest (RFC 5537 section 3.4.4)."""


class Parent(Protocol):
    """A message that is answered: what a `Message` has."""

    @property
    def msgId(self) -> str | None: ...  # noqa: N802 -- Flask-Mail's name

    @property
    def references(self) -> tuple[str, ...]: ...

    @property
    def extra_headers(self) -> dict[str, str]: ...


Answered = str | Parent | Sequence[str | Parent]
"""What a program gives for the messages that it answers."""


def message_id(place: str, value: object) -> str:
    """A Message-ID in its angle brackets. Raises `MessageError` for what is none."""
    text = checked_line(place, value).strip()
    if not MESSAGE_ID.fullmatch(text):
        raise MessageError(f"{place} {shown(text)} is not a Message-ID like <a1@example.org>.")
    return text


def message_ids(place: str, value: object) -> tuple[str, ...]:
    """The ids in text such as "<a1@example.org> <b2@example.org>", of a message, or of a list.

    place
        The field that the error names.

    Raises `BadHeaderError` for control characters, `MessageError` for what is no id and for a
    message that has none yet.
    """
    if isinstance(value, list | tuple):
        lists = [_ids(f"{place}[{index}]", each) for index, each in enumerate(value)]
        ids = [each for ids in lists for each in ids]
    else:
        ids = [] if value is None else _ids(place, value)
    return tuple(dict.fromkeys(ids))


def thread(references: Iterable[str], parents: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of a References header: the thread in its order, and last the message answered."""
    ids = (*(each for each in references if each not in parents), *parents)
    return ids if len(ids) <= MOST else (ids[0], *ids[1 - MOST :])


def thread_of(value: object) -> tuple[str, ...]:
    """What the message that is answered refers to itself; nothing of an id alone is known."""
    if isinstance(value, list | tuple):
        return thread_of(value[0]) if len(value) == 1 else ()
    if not _is_message(value):
        return ()
    # One that was received and read again has it among its headers.
    headers = {name.lower(): text for name, text in value.extra_headers.items()}
    written = headers.get("references") or headers.get("in-reply-to") or ""
    return value.references or tuple(ANY_ID.findall(written))


def _ids(place: str, value: object) -> list[str]:
    if _is_message(value):
        if value.msgId is None:
            raise MessageError(
                f"{place} is a message without a Message-ID: give it a sender, or send it first."
            )
        return [value.msgId]
    line = checked_line(place, FOLD.sub(" ", value) if isinstance(value, str) else value)
    return [_id(place, each) for each in line.replace("><", "> <").split()] or [_id(place, "")]


def _id(place: str, text: str) -> str:
    bracketed = f"<{text}>" if BARE.fullmatch(text) else text
    if not ANY_ID.fullmatch(bracketed):
        raise MessageError(f"{place} {shown(text)} is not a Message-ID like <a1@example.org>.")
    return bracketed


def _is_message(value: object) -> TypeGuard[Parent]:
    return hasattr(value, "msgId")
