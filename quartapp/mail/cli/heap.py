"""The heap of a process that serves: what was made at its start is there to stay."""

from __future__ import annotations

import gc

__all__ = ["settle"]

YOUNG = 10_000
"""How many more objects may be made than freed until the youngest are looked through: some requests
and messages at once make a thousand, and keep none of them in cycles."""

OLDER = 20


def settle() -> None:
    """Keep the garbage collector from looking through the program itself, again and again.

    For the one who owns the process, once everything is loaded. Each such look stops every request
    for some tens of milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
