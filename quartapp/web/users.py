"""People who typed a name: found, or added once however many ask at the same moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from quartapp.models import User

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["add", "is_known"]


async def is_known(session: AsyncSession, username: str) -> bool:
    """Whether somebody of this name was here before."""
    return await session.scalar(select(User.id).filter_by(username=username)) is not None


async def add(session: AsyncSession, user: User) -> bool:
    """Add a new user; false when another request was faster."""
    dialect = session.get_bind().dialect.name
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = (
        insert(User)
        .values(username=user.username, created_at=user.created_at)
        .on_conflict_do_nothing(index_elements=[User.username])
        .returning(User.id)
    )
    return await session.scalar(statement) is not None
