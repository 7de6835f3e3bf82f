"""The application's own tables: users and their roles, as in the book, and their database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from quart import current_app
from sqlalchemy import ForeignKey, MetaData, String, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    make_transient_to_detached,
    mapped_column,
    relationship,
)
from werkzeug.local import LocalProxy

from quartapp.database.columns import SafeText, UtcDateTime
from quartapp.database.migrations import Migrations

if TYPE_CHECKING:
    from sqlalchemy import Row, Table
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

    from quartapp.database import Database

__all__ = ["MIGRATIONS", "USERNAME_LENGTH", "Base", "Role", "User", "db"]

USERNAME_LENGTH = 64

db = cast("Database", LocalProxy(lambda: current_app.extensions["database"]))
"""The current app's database: `async with db.transaction() as session`."""


class Base(DeclarativeBase):
    """What all tables of the application share."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


MIGRATIONS = Migrations(
    folder=Path(__file__).parent / "migrations",
    name="the application's tables",
    metadata=Base.metadata,
    cure="run quartapp db upgrade",
)


class Role(Base):
    """What a user may do; the book's table."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    users: Mapped[list[User]] = relationship(back_populates="role")

    def __repr__(self) -> str:
        return f"<Role {self.name!r}>"


class User(Base):
    """Somebody who typed a name into the form."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(SafeText(USERNAME_LENGTH), unique=True)
    role_id: Mapped[int | None] = mapped_column(ForeignKey("roles.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    role: Mapped[Role | None] = relationship(back_populates="users")

    @classmethod
    async def named(cls, name: str) -> Self | None:
        """The user of that name, None if there is none. A read, in no transaction."""
        row = await db.first(NAMED, {"name": name})
        return cls._read(row) if row else None

    @classmethod
    async def get_or_create(cls, session: AsyncSession, name: str) -> tuple[Self, bool]:
        """The user of that name, added in the caller's transaction if there is none; and whether.

        However many ask at the same moment, one of them adds the user. The others wait for that
        transaction to end, and find its user or, if it rolled back, add their own.
        """
        return await session.run_sync(cls._get_or_create, name)

    @classmethod
    def _get_or_create(cls, session: Session, name: str) -> tuple[Self, bool]:
        connection = session.connection()
        add = ADD[connection.dialect.name]
        row = connection.execute(add, {"username": name}).one_or_none()
        is_new = row is not None
        user = cls._read(row or connection.execute(NAMED, {"name": name}).one())
        session.add(user)
        return user, is_new

    @classmethod
    def _read(cls, row: Row[*tuple[Any, ...]]) -> Self:
        """The user of a row. The ORM's own reading and writing take thrice as long."""
        user = cls(**row._mapping)
        make_transient_to_detached(user)
        return user

    def __repr__(self) -> str:
        return f"<User {self.username!r}>"


USERS = cast("Table", User.__table__)
NAMED = select(USERS).where(USERS.c.username == bindparam("name"))
ADD = {
    name: insert(USERS).on_conflict_do_nothing(index_elements=[USERS.c.username]).returning(USERS)
    for name, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}
"""By dialect: add a user unless the name is taken, and return what was added."""
