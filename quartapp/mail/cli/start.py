"""The start of an app: what goes wrong in it becomes one sentence instead of a traceback."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from quartapp.database import DatabaseUnavailable
from quartapp.mail.errors import MailError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Start"]

FORESEEN = (DatabaseUnavailable, MailError, OSError, SystemExit)
"""Errors whose text says it all; others are shown with their type."""


class Start:
    """Watches over the start of an app, until the block ends or `over` is called.

    An error raises `SystemExit` with a sentence, and the traceback that Quart logs with it is
    held back, unless the app logs at level DEBUG.

    name
        The app's, which is its logger's, too.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._logger = logging.getLogger(name)
        self._error: BaseException | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        self._logger.addFilter(self._passes)
        return self

    def over(self) -> None:
        """Let errors and tracebacks through again: from here on they are not the start's."""
        self._is_over = True
        self._logger.removeFilter(self._passes)

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, _t: TracebackType | None
    ) -> None:
        was_over = self._is_over
        self.over()
        if isinstance(error, Exception) and not was_over:
            reason = _sentence(self._error or _quoted(error))
            raise SystemExit(f"{self._name} cannot start: {reason}") from error

    def _passes(self, record: logging.LogRecord) -> bool:
        if not record.exc_info:
            return True
        self._error = record.exc_info[1]
        return self._logger.isEnabledFor(logging.DEBUG)


def _quoted(error: BaseException) -> BaseException:
    """What the error quotes: hypercorn raises one of its own from the app's."""
    return error if isinstance(error, FORESEEN) else error.__cause__ or error


def _sentence(error: BaseException) -> str:
    first = str(error).partition("\n")[0]
    if isinstance(error, FORESEEN):
        return first
    return f"{type(error).__name__}: {first} (the log has more at level DEBUG)"
