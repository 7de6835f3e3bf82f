"""People who typed a name: found, or added once however many ask at the same moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from quartapp.models import User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["add", "known", "remove"]


async def known(connection: AsyncConnection, usernames: Iterable[str]) -> set[str]:
    """Those of these names that were here before."""
    found = await connection.execute(KNOWN, {"usernames": list(usernames)})
    return set(found.scalars())


async def add(connection: AsyncConnection, users: Iterable[User]) -> set[str]:
    """Add users; returns the names of those that are new."""
    rows = [{"username": user.username, "created_at": user.created_at} for user in users]
    return set((await connection.execute(ADD[connection.dialect.name], rows)).scalars())


async def remove(connection: AsyncConnection, usernames: Iterable[str]) -> None:
    """Take users back."""
    await connection.execute(REMOVE, {"usernames": list(usernames)})


USERS = cast("Table", User.__table__)
ADD = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(USERS)
    .on_conflict_do_nothing(index_elements=[USERS.c.username])
    .returning(USERS.c.username)
    for dialect in (postgresql, sqlite)
}
THESE = USERS.c.username.in_(bindparam("usernames", expanding=True))
KNOWN = select(USERS.c.username).where(THESE)
REMOVE = delete(USERS).where(THESE)
