"""A trial: one attempt at a letter as it was written down, for those who count and measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quartapp.mail.delivery import Delivery

__all__ = ["Trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a letter in one attempt.

    waited
        Seconds since the letter was first due: kept, `at`, or retried by a person.
    took
        Seconds that the server had it, from MAIL to the answer to the dot; None if it never got
        that far.
    """

    delivery: Delivery
    waited: float
    took: float | None

    @property
    def code(self) -> int | None:
        """The server's reply code that decided, None if it was no reply."""
        letter = self.delivery
        codes = [each.code for each in letter.recipients if each.status is letter.status]
        return next((code for code in codes if code is not None), None)
