"""Statements compiled once, for a driver to run without SQLAlchemy's steps round each of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

from quartapp.database.columns import UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import ClauseElement, Connection, Dialect, Table
    from sqlalchemy.types import TypeEngine

__all__ = ["Prepared", "in_schema"]


class Prepared:
    """A statement in the words of one driver, which takes rows of values as they are.

    statement
        Its parameters are named like the values.
    """

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._is_positional = compiled.positiontup is not None
        self._parameters = [
            (name, _processor(compiled.binds[name].type, dialect))
            for name in compiled.positiontup or compiled.binds
        ]

    def bound(self, row: Mapping[str, Any]) -> Any:
        """A row as the driver takes it: in order, or by name."""
        values = [
            value if (value := row.get(name)) is None or process is None else process(value)
            for name, process in self._parameters
        ]
        if self._is_positional:
            return tuple(values)
        return {name: value for (name, _), value in zip(self._parameters, values, strict=True)}

    def execute(self, connection: Connection, bound: Sequence[Any]) -> int:
        """Execute it for each of these rows; returns how many the database says it wrote.

        With the driver's own cursor: what SQLAlchemy adds to one, for a result that nobody reads,
        costs nearly as much as the driver. Raises what SQLAlchemy raises.
        """
        cursor = connection.connection.cursor()
        try:
            if len(bound) == 1:
                cursor.execute(self.sql, bound[0])
            else:
                cursor.executemany(self.sql, bound)
            count: int = cursor.rowcount
        except BaseException as error:  # noqa: BLE001  # it is raised again, translated
            # A connection that is lost, or cut in the middle, is not used again either.
            connection._handle_dbapi_exception(error, self.sql, None, cursor, None)
        cursor.close()
        return count


def _processor(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    process = type_.dialect_impl(dialect).bind_processor(dialect)
    # A message has the same moment in several columns: it is written once.
    return lru_cache(maxsize=8)(process) if process and isinstance(type_, UtcDateTime) else process


def in_schema(schema: str | None, *tables: Table) -> list[Table]:
    """The tables as an engine finds them that has them in this schema."""
    if schema is None:
        return [*tables]
    there = MetaData()
    return [table.to_metadata(there, schema=schema) for table in tables]
