"""The application's own tables: people and their roles, as in the book."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ForeignKey, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from quartapp.database.columns import SafeText, UtcDateTime

__all__ = ["Base", "Role", "User"]

USERNAME_LENGTH = 64


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

    def __repr__(self) -> str:
        return f"<User {self.username!r}>"
