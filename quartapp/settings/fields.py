"""Settings as the fields of a dataclass: each field carries its key."""

from __future__ import annotations

from dataclasses import field, fields
from typing import TYPE_CHECKING, Any

from quartapp.settings.keys import Key

if TYPE_CHECKING:
    from quartapp.settings.keys import Kind

__all__ = ["keys_of", "setting"]


def setting(default: Any, kind: Kind, meaning: str, **key: Any) -> Any:
    """A field with its key, which is called by the prefix and the field's name, or `name`."""
    key |= {"kind": kind, "meaning": meaning}
    return field(default=default, repr=not key.get("secret"), metadata=key)


def keys_of(settings: type, prefix: str) -> dict[str, Key]:
    """The key of each field of a dataclass, by the field's name."""
    found = {}
    for each in fields(settings):
        known = {"name": f"{prefix}_{each.name.upper()}", "default": each.default, **each.metadata}
        known["default"] = known.pop("app_default", each.default)
        found[each.name] = Key(**known)
    return found
