"""An app that cannot start: one sentence instead of a traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from quart import Quart

__all__ = ["failing_in_one_sentence"]


@contextmanager
def failing_in_one_sentence(app: Quart) -> Iterator[None]:
    """Replace an error at the start, and the traceback that Quart logs with it, by its text.

    Raises `SystemExit`, with exit code 1.
    """
    app.logger.addFilter(_without_traceback)
    try:
        yield
    except Exception as error:
        raise SystemExit(f"{app.name} cannot start: {error}") from error
    finally:
        app.logger.removeFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    return record.exc_info is None
