"""Values as JSON has them: times in ISO 8601, and the fields of our own by their names."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quartapp.mail import Delivery

__all__ = ["as_json"]


def as_json(delivery: Delivery) -> dict[str, Any]:
    """A message for a program."""
    plain: dict[str, Any] = _plain(asdict(delivery))
    return plain


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value
