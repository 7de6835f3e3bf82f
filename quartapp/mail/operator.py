"""Who uses the operator's pages: a name for the audit log, and whether they may act."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Operator"]


@dataclass(frozen=True, slots=True)
class Operator:
    """What an `allow` returns to say more than yes.

    name
        Whom the audit log names.
    readonly
        Sees every page, and may change nothing.
    """

    name: str
    readonly: bool = False
