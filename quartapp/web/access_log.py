"""hypercorn's access log, in which no client writes lines or fields of its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

__all__ = ["guard_access_log"]

NAME = "hypercorn.access"
"""hypercorn's logger wherever `accesslog` is set, under `quartapp run` and `quart run` too."""


def guard_access_log() -> None:
    """Escape what clients send. hypercorn decodes paths, so that %0A would end a line."""
    logger = logging.getLogger(NAME)
    if not any(isinstance(each, Escaping) for each in logger.filters):
        logger.addFilter(Escaping())


class Escaping(logging.Filter):
    """Has every part of a line escaped, whatever `access_log_format` says."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and let it pass."""
        if isinstance(record.args, Mapping):
            record.args = Atoms(record.args)
        return True


class Atoms(dict[str, object]):
    """The parts of a line, each looked up where hypercorn has it and escaped.

    A quotation mark would end a field.
    """

    def __init__(self, atoms: Mapping[str, Any]) -> None:
        super().__init__(atoms)
        self._atoms = atoms

    def __getitem__(self, name: str) -> object:
        value = self._atoms[name]
        return "".join(map(_shown, value)) if isinstance(value, str) else value


def _shown(character: str) -> str:
    if character.isascii() and character.isprintable() and character not in '"\\':
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 2**16 else f"\\U{code:08x}"
    )
