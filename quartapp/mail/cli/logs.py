"""The log: lines on stderr, as text or JSON, that no text from outside can break or colour."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from quartapp.mail.clock import iso
from quartapp.mail.lines import escaped

__all__ = ["configure"]

NAME = "quartapp"

ORDINARY = {*vars(logging.makeLogRecord({})), "message", "asctime"}
"""The attributes of every record; others came with `extra`."""


def configure(format: str, level: str) -> None:  # noqa: A002 (the setting's name)
    """Log what `quartapp` and its modules say to stderr. Calling it again replaces the former.

    format
        `text` for `time level logger message`, or `json` for one object per line.
    level
        The least that is logged, such as `INFO`.

    No other logger is touched, the root included.
    """
    handler = StderrHandler()
    handler.setFormatter(JsonLine() if format == "json" else TextLine())
    logger = logging.getLogger(NAME)
    logger.handlers = [each for each in logger.handlers if not isinstance(each, StderrHandler)]
    logger.addHandler(handler)
    logger.setLevel(level)


class StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to what is stderr at the moment, not to what it was when the log was set up."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # read-only, and asked every time
        return sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or nothing where there is no stderr any more."""
        if self.stream is not None and not self.stream.closed:
            super().emit(record)


class TextLine(logging.Formatter):
    """One line for a person; a traceback follows it, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        message = escaped(record.getMessage())
        line = f"{_time(record)} {record.levelname} {record.name} {message}"
        return "\n".join([line, *(f"  {escaped(more)}" for more in self._traceback(record))])

    def _traceback(self, record: logging.LogRecord) -> list[str]:
        return self.formatException(record.exc_info).split("\n") if record.exc_info else []


class JsonLine(logging.Formatter):
    """One JSON object in a line, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's object: time, level, logger, message, then what it was logged with.

        That is the fields that its `extra` gave it and, if there is one, `exception`.
        """
        entry: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in ORDINARY:
                entry.setdefault(name, value)
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def _time(record: logging.LogRecord) -> str:
    return iso(datetime.fromtimestamp(record.created, UTC))
