"""The border between the database and callers: outages and missing tables become `MailError`s."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from quartapp.database import DatabaseUnavailable, SchemaError
from quartapp.database.errors import is_missing, translated
from quartapp.mail.errors import MailError, OutboxUnavailable
from quartapp.mail.outbox.upgrade import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["mail_errors"]


@contextmanager
def mail_errors() -> Iterator[None]:
    """Raise `OutboxUnavailable` for a database that is away, `MailError` for tables that are not
    as they should be."""
    try:
        with translated():
            yield
    except DatabaseUnavailable as error:
        raise OutboxUnavailable(str(error)) from error
    except SchemaError as error:
        raise MailError(str(error)) from error
    except DBAPIError as error:
        if not is_missing(error):
            raise
        what = str(error.orig).partition("\n")[0]
        raise MailError(
            f"the mail tables are missing or of another version ({what}): {MIGRATIONS.cure}"
        ) from error
