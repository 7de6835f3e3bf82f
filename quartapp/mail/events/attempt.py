"""A trial: one attempt at a message as it was written down, for those who count and measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quartapp.mail.outbox.delivery import Delivery

__all__ = ["AttemptRecord"]


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """What became of a message in one attempt.

    waited
        Seconds since the message was first due: kept, `at`, or retried by a person.
    took
        Seconds that the server had it, from MAIL to the answer to the end of data; None if it never got
        that far.
    """

    delivery: Delivery
    waited: float
    took: float | None

    @property
    def code(self) -> int | None:
        """The server's reply code that decided, None if it was no reply."""
        message = self.delivery
        codes = [each.code for each in message.recipients if each.status is message.status]
        return next((code for code in codes if code is not None), None)
