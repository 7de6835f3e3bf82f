"""What is known of the last login to a mail server: one row for each, shared by all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Float, Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from quartapp.database.columns import SafeText, UtcDateTime
from quartapp.mail.outbox.tables import metadata
from quartapp.mail.transports.logins import LoginState

if TYPE_CHECKING:
    from quartapp.database import Database

__all__ = ["logins", "read", "write"]

logins = Table(
    "mail_logins",
    metadata,
    Column("server", SafeText, primary_key=True),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime),
    Column("pause", Float, nullable=False),
    Column("reply", SafeText, nullable=False),
)


async def read(database: Database, server: str) -> LoginState | None:
    """The state of a server; None where nobody has logged in yet."""
    async with database.reading() as connection:
        row = (await connection.execute(READ, {"server_": server})).first()
    return LoginState(row.asked_at, row.next_at, row.pause, row.reply) if row else None


async def write(
    database: Database, server: str, state: LoginState, expects: LoginState | None
) -> bool:
    """Replace the state of a server where it is still the one expected; whether it was."""
    values = {
        "asked_at": state.asked_at,
        "next_at": state.next_at,
        "pause": state.pause,
        "reply": state.reply,
    }
    async with database.writing() as connection:
        if expects is None:
            insert = INSERT[connection.dialect.name]
            changed = await connection.execute(insert, {"server": server, **values})
        else:
            was = {"server_": server, "asked_at_": expects.asked_at, "next_at_": expects.next_at}
            changed = await connection.execute(UPDATE, values | was)
        return changed.rowcount == 1


READ = select(logins).where(logins.c.server == bindparam("server_"))
UPDATE = update(logins).where(
    logins.c.server == bindparam("server_"),
    logins.c.asked_at == bindparam("asked_at_"),
    logins.c.next_at.is_not_distinct_from(bindparam("next_at_", type_=UtcDateTime())),
)
INSERT: dict[str, Any] = {
    "postgresql": postgresql.insert(logins).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(logins).on_conflict_do_nothing(),
}
