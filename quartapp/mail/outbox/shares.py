"""Shares of the priorities: whose message is next where messages of several are due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quartapp.mail.choices import Priority

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CYCLE", "PRECEDENCE", "SHARES", "Rotation", "turn"]

SHARES: Mapping[Priority, int] = {Priority.HIGH: 7, Priority.NORMAL: 2, Priority.LOW: 1}
"""How many messages of each priority are in a cycle while all of them wait."""

CYCLE = sum(SHARES.values())
"""Messages. Of any so many in a row each priority that waits has its share, or more."""

PRECEDENCE: Mapping[Priority, int] = {priority: place for place, priority in enumerate(Priority)}


def turn(share: Any, count: Any) -> Any:
    """When a message has its turn: the lowest first, and of the same the highest priority.

    share
        Its priority's.
    count
        How many of its priority have had their turns since a cycle began, this one included: a
        number, or an expression of SQL.

    A turn for which no message waits is left out, and the next one follows.
    """
    return (CYCLE * count - 1) // share


class Rotation:
    """How far the cycle has come in one process, for each group of lanes by itself.

    So the shares hold over claims of any size, of one message each too.
    """

    def __init__(self, groups: Iterable[str]) -> None:
        # The last turn that was taken, and the precedence of its priority.
        self._reached = dict.fromkeys(groups, (0, -1))

    def had(self, group: str) -> Mapping[Priority, int]:
        """How many turns of each priority are over in this cycle, taken or left out."""
        last, place = self._reached[group]
        return {
            priority: share * (last + (PRECEDENCE[priority] <= place)) // CYCLE
            for priority, share in SHARES.items()
        }

    def go_on(self, group: str, taken: Mapping[Priority, int]) -> None:
        """So many messages of each priority were taken: those with the lowest turns."""
        had = self.had(group)
        turns = [
            (turn(SHARES[priority], had[priority] + number), PRECEDENCE[priority])
            for priority, number in taken.items()
            if number
        ]
        if turns:
            last, place = max(turns)
            self._reached[group] = (last % CYCLE, place)
