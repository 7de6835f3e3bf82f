"""What an operator searches for, as it was typed and as the outbox understands it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self, TypeVar

from quartapp.mail.choices import Priority
from quartapp.mail.outbox import Filter
from quartapp.mail.outbox.states import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Search"]

DATE = len("2026-11-24")

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The conditions as text; an empty one is none.

    since, until
        In UTC where no zone is named. A date stands for all of its day.
    """

    id: str = ""
    status: str = ""
    recipient: str = ""
    subject: str = ""
    template: str = ""
    priority: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """The conditions in an address's query, or in a form."""
        return cls(**{field.name: sent.get(field.name, "").strip() for field in fields(cls)})

    @property
    def arguments(self) -> dict[str, str]:
        """The conditions that were given, as an address's query has them."""
        return {name: value for name, value in asdict(self).items() if value}

    def filter(self) -> Filter:
        """The conditions as the outbox takes them. Raises `ValueError` with what is wrong."""
        return Filter(
            ids=[self.id] if self.id else None,
            status=_one_of(Status, "state", self.status),
            recipient=self.recipient or None,
            subject=self.subject or None,
            template=self.template or None,
            priority=_one_of(Priority, "priority", self.priority),
            since=_moment("From", self.since),
            until=_end("Until", self.until),
        )


def _one_of(kind: type[Choice], label: str, typed: str) -> Choice | None:
    if not typed:
        return None
    if typed not in kind.__members__.values():
        raise ValueError(f"There is no such {label}: choose one of {', '.join(kind)}.")
    return kind(typed)


def _moment(label: str, typed: str) -> datetime | None:
    if not typed:
        return None
    try:
        moment = datetime.fromisoformat(typed)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueError(
            f'"{label}" is not a valid time. Example: 2026-11-24 or 2026-11-24T14:05.'
        ) from None


def _end(label: str, typed: str) -> datetime | None:
    moment = _moment(label, typed)
    if moment is None or len(typed) > DATE:
        return moment
    try:
        return moment + timedelta(days=1)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
