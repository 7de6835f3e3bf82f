"""Registrations: new users and the messages about them, many in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.exceptions import TooManyRequests

from quartapp.database.batching import Batcher
from quartapp.web import users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from quartapp.database import Database
    from quartapp.mail import Delivery, Mail, Message
    from quartapp.models import User
    from quartapp.web.limits import NewUsers

__all__ = ["Registered", "Registration", "Registrations"]


@dataclass(frozen=True, slots=True)
class Registration:
    """A user who may be new, the message about them if anybody wants one, and who asks."""

    user: User
    message: Message | None
    client: str


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of it: whether the user is new, and where the message stands."""

    is_new: bool
    delivery: Delivery | None = None


class Registrations:
    """Keeps users and messages, each pair whole or not at all.

    Who comes while a transaction is under way shares the next one, because on SQLite beginning and
    committing cost far more than what is written in between. An app with less to do needs none of
    this: it adds its user and calls `send_later(..., session=session)`.
    """

    def __init__(self, database: Database, mail: Mail, new_users: NewUsers) -> None:
        self._database = database
        self._mail = mail
        self._new_users = new_users
        self._looks: Batcher[str, bool] = Batcher(self._look)
        self._writes: Batcher[Registration, Registered | TooManyRequests] = Batcher(self._write)

    async def knows(self, username: str) -> bool:
        """Whether somebody of this name was here before."""
        return await self._looks.add(username)

    async def add(self, registration: Registration) -> Registered:
        """Add the user and keep the message, unless another request was faster.

        Raises `TooManyRequests` for a client who adds too many.
        """
        came = await self._writes.add(registration)
        if isinstance(came, TooManyRequests):
            raise came
        return came

    async def _look(self, usernames: Sequence[str]) -> list[bool]:
        async with self._database.reading() as connection:
            known = await users.known(connection, usernames)
        return [username in known for username in usernames]

    async def _write(
        self, registrations: Sequence[Registration]
    ) -> list[Registered | TooManyRequests]:
        async with self._database.transaction() as session:
            connection = await session.connection()
            new = await users.add(connection, (each.user for each in registrations))
            came = [await self._charged(each, new) for each in registrations]
            refused = [
                each.user.username
                for each, how in zip(registrations, came, strict=True)
                if isinstance(how, TooManyRequests)
            ]
            if refused:
                await users.remove(connection, refused)
            return await self._with_messages(registrations, came, session)

    async def _charged(
        self, registration: Registration, new: set[str]
    ) -> Registered | TooManyRequests:
        """Count a new user for the client; the first who asked for a name is who gets it."""
        if registration.user.username not in new:
            return Registered(is_new=False)
        new.discard(registration.user.username)
        try:
            await self._new_users.charge(registration.client)
        except TooManyRequests as refusal:
            return refusal
        return Registered(is_new=True)

    async def _with_messages(
        self,
        registrations: Sequence[Registration],
        came: list[Registered | TooManyRequests],
        session: AsyncSession,
    ) -> list[Registered | TooManyRequests]:
        wanted = {
            index: each.message
            for index, (each, how) in enumerate(zip(registrations, came, strict=True))
            if each.message and isinstance(how, Registered) and how.is_new
        }
        deliveries = await self._mail.send_all_later(wanted.values(), session=session)
        for index, delivery in zip(wanted, deliveries, strict=True):
            came[index] = Registered(is_new=True, delivery=delivery)
        return came
