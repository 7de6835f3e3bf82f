"""Statements compiled once, for a driver to run without SQLAlchemy's steps round each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ClauseElement, Dialect, Table

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
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
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


def in_schema(schema: str | None, *tables: Table) -> list[Table]:
    """The tables as an engine finds them that has them in this schema."""
    if schema is None:
        return [*tables]
    there = MetaData()
    return [table.to_metadata(there, schema=schema) for table in tables]
