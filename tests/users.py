"""Users to test a database with."""

from __future__ import annotations

from sqlalchemy import select

from quartapp.models import User


async def join(database, name):
    """Add a user."""
    async with database.transaction() as session:
        session.add(User(username=name))


async def names(database):
    """All users, in the order in which they came."""
    async with database.session() as session:
        return list(await session.scalars(select(User.username).order_by(User.id)))
