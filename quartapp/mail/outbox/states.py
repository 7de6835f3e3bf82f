"""The states of a message, and what is true of each: one table that everything else asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

__all__ = ["FAILURES", "STATES", "Action", "Final", "State", "Status", "allowing", "overall"]


class Status(StrEnum):
    """The states of a message. Never "delivered": a 250 means that the relay took it, no more.

    Recipients have the same states without `SENDING`.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


class Action(StrEnum):
    """What a person can do about messages: have them sent again, or stopped."""

    RETRY = "retry"
    CANCEL = "cancel"


class Final(StrEnum):
    """Whether a message stays in its state unless a person acts."""

    NEVER = "never"
    ALWAYS = "always"
    UNLESS_DUE = "unless it has a due_at"


@dataclass(frozen=True, slots=True)
class State:
    """What is true of the messages in one state.

    meaning
        One sentence for people.
    actions
        What a person may do: retry while it is stored, cancel while it is not final.
    is_failure
        Whether it counts as a failure in figures, and is stored for MAIL_RETENTION_FAILED once it
        is final; MAIL_RETENTION otherwise.
    """

    meaning: str
    final: Final
    actions: frozenset[Action] = frozenset()
    is_failure: bool = False

    def is_final(self, due_at: datetime | None) -> bool:
        """Whether nothing more happens by itself to a message that has this due time."""
        return self.final is Final.ALWAYS or (self.final is Final.UNLESS_DUE and due_at is None)

    def allows(self, action: Action, *, due_at: datetime | None, wants_cancel: bool) -> bool:
        """Whether the action would change a message in this state.

        wants_cancel
            Whether it is to be cancelled as soon as the attempt in progress has ended.
        """
        if action not in self.actions:
            return False
        if action is Action.RETRY:
            return True
        return not self.is_final(due_at) and not wants_cancel


RETRY, CANCEL = frozenset([Action.RETRY]), frozenset([Action.CANCEL])

# In the order of precedence: a message is in the first state that any of its recipients is in.
STATES: Mapping[Status, State] = {
    Status.QUEUED: State("Waits for its first or its next attempt.", Final.NEVER, CANCEL),
    Status.SENDING: State("A worker has claimed it for an attempt.", Final.NEVER, CANCEL),
    Status.UNCERTAIN: State(
        "The connection was lost after the end of data: it may or may not have been accepted.",
        Final.UNLESS_DUE,
        RETRY | CANCEL,
        is_failure=True,
    ),
    Status.FAILED: State(
        "Rejected, given up or expired; the detail says which.",
        Final.ALWAYS,
        RETRY,
        is_failure=True,
    ),
    Status.CANCELLED: State("Stopped by a person or a program.", Final.ALWAYS),
    Status.SENT: State("The server accepted it for every recipient.", Final.ALWAYS),
}

FAILURES = tuple(status for status, state in STATES.items() if state.is_failure)


def allowing(action: Action) -> tuple[Status, ...]:
    """The states in which a message may be retried, or cancelled."""
    return tuple(status for status, state in STATES.items() if action in state.actions)


def overall(recipients: Iterable[Status]) -> Status:
    """A message's status, from those of its recipients: the first that applies, in table order."""
    present = set(recipients)
    return next((status for status in STATES if status in present), Status.SENT)
