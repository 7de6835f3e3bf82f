"""Where the outbox's database comes from: the host's engine, a setting, or a file of its own."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import StaticPool

from quartapp.database import Database
from quartapp.database.url import database_url
from quartapp.mail.errors import MailError
from quartapp.mail.host import is_development
from quartapp.mail.outbox.border import mail_errors
from quartapp.settings.folder import warn_of_readers
from quartapp.settings.keys import SettingError, is_unset

if TYPE_CHECKING:
    from collections.abc import Callable

    from quartapp.mail.host import Host

    Engine = AsyncEngine | Database

__all__ = ["DatabaseSource", "Engine"]

logger = logging.getLogger(__name__)

DEFAULT = "mail.sqlite"

NOT_GIVEN = (
    "engine= gave no engine: open the database in a before_serving hook, or run the command "
    "with --startup"
)

ONE_CONNECTION = (
    "engine= has one connection for everybody, as databases in memory do, and so one transaction: "
    "a poll of the outbox would roll back what the app is writing; use a file, such as tmp_path / "
    '"app.sqlite"'
)


class DatabaseSource:
    """Finds the database at its first use, and forgets it at the end of a run.

    engine
        The host's: an engine, a `Database`, or a callable that gives either. Without it
        DATABASE_URL, and without that the file `mail.sqlite` in `folder`.
    """

    def __init__(
        self, host: Host, folder: Path, engine: Engine | Callable[[], Engine] | None
    ) -> None:
        self._host = host
        self._folder = folder
        self._engine = engine
        self._found: Database | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._check_url()

    @property
    def is_ours(self) -> bool:
        """Whether it is closed with the mail service, and not by the host."""
        return self._engine is None

    @property
    def is_there(self) -> bool:
        """Whether there is a database already, so that a look into it makes no new file."""
        if self._engine is not None:
            return True
        raw = self._host.config.get("DATABASE_URL")
        if is_unset(raw):
            return (self._folder / DEFAULT).exists()
        url = make_url(database_url(raw))
        return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()

    def __call__(self) -> Database:
        """The database. Raises `MailError` where the host gives none."""
        if self._found is None or self._is_left_behind():
            self._found, self._loop = self._find(), _running_loop()
        return self._found

    def check(self) -> None:
        """Raise `MailError` in a task that holds the write transaction of a known SQLite file."""
        if self._found is not None:
            with mail_errors():
                self._found.refuse_nested()

    async def close(self) -> None:
        """Forget the database, so that a callable is asked anew, and close it if it is ours."""
        found, self._found = self._found, None
        if found is not None and self.is_ours:
            await found.dispose()

    def _is_left_behind(self) -> bool:
        """Whether our connections belong to an event loop that is closed, as in a next test."""
        return self.is_ours and self._loop is not None and self._loop.is_closed()

    def _find(self) -> Database:
        given = self._engine
        if callable(given):
            try:
                given = given()
            except MailError:
                raise
            except Exception as error:
                raise MailError(
                    f"engine= raised {type(error).__name__} ({error}): have it return an "
                    "AsyncEngine or a Database, opened in a before_serving hook"
                ) from error
        if isinstance(given, Database):
            return given
        if isinstance(given, AsyncEngine):
            _refuse_a_shared_connection(given)
            return Database.over(given)
        if self._engine is not None:
            wrong = f"engine= gave {given!r}, which is no AsyncEngine and no Database"
            raise MailError(NOT_GIVEN if given is None else wrong)
        raw = self._host.config.get("DATABASE_URL")
        return Database(self._default() if is_unset(raw) else database_url(raw))

    def _check_url(self) -> None:
        """Refuse an address at once that could not be used later."""
        raw = self._host.config.get("DATABASE_URL")
        if self._engine is None and not is_unset(raw):
            try:
                database_url(raw)
            except ValueError as error:
                raise SettingError(f"DATABASE_URL in app.config {error}.") from None

    def _default(self) -> URL:
        path = self._folder / DEFAULT
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise MailError(
                f"the folder {self._folder} of the outbox cannot be made ({error.strerror}): "
                "set DATABASE_URL, or QUARTAPP_INSTANCE to a folder that can be written"
            ) from error
        warn_of_readers(self._folder)
        log = logger.info if is_development(self._host.config) else logger.warning
        log("messages are stored in %s, because DATABASE_URL is not set", path)
        return URL.create("sqlite+aiosqlite", database=str(path))


def _refuse_a_shared_connection(engine: AsyncEngine) -> None:
    if isinstance(engine.pool, StaticPool):
        raise MailError(ONE_CONNECTION)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
