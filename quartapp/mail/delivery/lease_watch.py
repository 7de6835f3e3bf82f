"""The lease watch: which claims their owners have stopped renewing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from quartapp.mail.clock import Clock
    from quartapp.mail.outbox.claim import Lease

__all__ = ["LeaseWatch"]

LOOKS_PER_LEASE = 6

EVERY = 10.0
"""Seconds between two looks while nothing is claimed."""


class LeaseWatch:
    """Looks at leases again and again. One that stayed the same for as long as it lasts has lapsed.

    That is judged by our own elapsed time alone: clocks of other hosts may differ, and any wall
    clock may be set. Between two looks no more is counted than one look is due after, because an
    owner on the same machine may have been frozen together with us, and will renew its leases.

    poll
        How often there is a chance to look, in seconds.
    """

    def __init__(self, poll: float, clock: Clock) -> None:
        self._poll = poll
        self._clock = clock
        self._ages: dict[Lease, float] = {}
        self._looked_at = self._next = clock.elapsed()

    @property
    def is_due(self) -> bool:
        """Whether it is time to look."""
        return self.remaining <= 0

    @property
    def remaining(self) -> float:
        """Seconds until the next look is due."""
        return self._next - self._clock.elapsed()

    def look(self, leases: Iterable[Lease]) -> None:
        """Note all leases as they were just read."""
        now = self._clock.elapsed()
        passed, before = now - self._looked_at, self._ages
        self._ages = {
            lease: before[lease] + min(passed, self._most(lease)) if lease in before else 0.0
            for lease in leases
        }
        self._looked_at = now
        self._next = now + min(map(self._pause, self._ages.items()), default=EVERY)

    def _pause(self, aged: tuple[Lease, float]) -> float:
        """Seconds until a lease is to be looked at: rarely, and once when it may have lapsed."""
        lease, age = aged
        left = lease.lasts - age
        often = max(lease.lasts / LOOKS_PER_LEASE, self._poll)
        return min(often, left) if left > 0 else often

    def _most(self, lease: Lease) -> float:
        return max(lease.lasts / LOOKS_PER_LEASE, 2 * self._poll)

    def look_again(self) -> None:
        """Have the next look at once: what has lapsed may have been taken over."""
        self._next = self._clock.elapsed()

    def lapsed(self, except_for: Collection[str] = ()) -> tuple[Lease, ...]:
        """The leases that have lapsed, but for those on messages with these ids."""
        return tuple(
            lease
            for lease, age in self._ages.items()
            if age >= lease.lasts and lease.id not in except_for
        )
