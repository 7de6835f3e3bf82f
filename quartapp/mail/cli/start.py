"""The start of an app: what goes wrong in it becomes one sentence instead of a traceback."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from quartapp.database import DatabaseUnavailable
from quartapp.mail.errors import MailError

if TYPE_CHECKING:
    from types import TracebackType

    from quart import Quart

__all__ = ["Start"]

FORESEEN = (DatabaseUnavailable, MailError, OSError, SystemExit)
"""Errors whose text says it all; others are shown with their type."""


class Start:
    """Watches over the start of an app, until the block ends or `over` is called.

    An error raises `SystemExit` with a sentence, and the traceback that Quart logs with it is
    held back, unless the app logs at level DEBUG.
    """

    def __init__(self, app: Quart) -> None:
        self._app = app
        self._error: BaseException | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        self._app.logger.addFilter(self._passes)
        return self

    def over(self) -> None:
        """Let errors and tracebacks through again: from here on they are not the start's."""
        self._is_over = True
        self._app.logger.removeFilter(self._passes)

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, _t: TracebackType | None
    ) -> None:
        was_over = self._is_over
        self.over()
        if isinstance(error, Exception) and not was_over:
            # What hypercorn raises only quotes it.
            reason = _sentence(self._error or error.__cause__ or error)
            raise SystemExit(f"{self._app.name} cannot start: {reason}") from error

    def _passes(self, record: logging.LogRecord) -> bool:
        if not record.exc_info:
            return True
        self._error = record.exc_info[1]
        return self._app.logger.isEnabledFor(logging.DEBUG)


def _sentence(error: BaseException) -> str:
    first = str(error).partition("\n")[0]
    if isinstance(error, FORESEEN):
        return first
    return f"{type(error).__name__}: {first} (the log has more at level DEBUG)"
