"""A mechanism that keeps a promise, and the test that misses it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Mechanism"]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism.

    file, line, instead
        Where it stands, as it stands there exactly once, and what is left when it is gone.
    test
        The test that must turn red then.
    """

    name: str
    file: str
    line: str
    instead: str
    test: str
