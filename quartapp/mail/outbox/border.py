"""The border between the database and callers: what it raises becomes a `MailError`, with the cure.

A mistake in a program is no outage: only what a retry may help is `OutboxUnavailable`.
"""

from __future__ import annotations

from contextlib import ContextDecorator, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from quartapp.database import DatabaseUnavailable, NestedWrite, SchemaError
from quartapp.database.errors import is_missing, translated
from quartapp.mail.errors import MailError, OutboxUnavailable
from quartapp.mail.outbox.upgrade import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["mail_errors", "outages"]


class mail_errors(ContextDecorator):  # noqa: N801  # read as a verb, as with the one below
    """Raise `OutboxUnavailable` for a database that is away, `MailError` for tables that are not
    as they should be, for values that no database takes, and for a call that would wait for a
    write transaction of this very task.

    A class, because it is round every message that is queued: there is nothing to start."""

    def __enter__(self) -> None:
        """Nothing is done as long as nothing fails."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            with _as_mail_errors():
                raise error


@contextmanager
def _as_mail_errors() -> Iterator[None]:
    try:
        with translated():
            yield
    except DatabaseUnavailable as error:
        raise OutboxUnavailable(str(error)) from error
    except SchemaError as error:
        raise MailError(str(error)) from error
    except NestedWrite as error:
        raise MailError(
            "the outbox would wait for the write transaction that this task holds: give its "
            "session with session=, or call what takes none after the transaction"
        ) from error
    except StatementError as error:
        if isinstance(error, DBAPIError) and is_missing(error):
            raise MailError(_missing(error)) from error
        # What the driver cannot even send, or the database cannot read, is a value of a wrong type.
        if isinstance(error, DataError) or not isinstance(error, DBAPIError):
            raise MailError(f"a value is of the wrong type ({_words(error)})") from error
        raise


@contextmanager
def outages() -> Iterator[None]:
    """Raise `DatabaseUnavailable` for whatever a database may say, but of the values it was given:
    for work that goes on when it is well again, and that nobody waits for."""
    try:
        with translated():
            yield
    except (DataError, IntegrityError):
        raise
    except DBAPIError as error:
        refusal = f"the database refuses: {_words(error)}"
        what = _missing(error) if is_missing(error) else refusal
        raise DatabaseUnavailable(what) from error


def _missing(error: DBAPIError) -> str:
    what = f"the mail tables are missing or of another version ({_words(error)})"
    return f"{what}: {MIGRATIONS.cure}"


def _words(error: StatementError) -> str:
    return str(error.orig).partition("\n")[0]
