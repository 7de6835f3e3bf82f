"""The database: engines, sessions, and on SQLite one writer at a time."""

from quartapp.database.database import Database
from quartapp.database.errors import DatabaseBusy, DatabaseUnavailable, SchemaError
from quartapp.database.writer_queue import NestedWrite

__all__ = ["Database", "DatabaseBusy", "DatabaseUnavailable", "NestedWrite", "SchemaError"]
