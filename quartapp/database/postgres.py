"""PostgreSQL: how an engine is made of an address, and how its connections are opened."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import create_async_engine

from quartapp.database.engines import PRIVATE
from quartapp.database.errors import DatabaseUnavailable
from quartapp.database.parameters import Parameters
from quartapp.database.postgres_url import hosts_of, normalised
from quartapp.database.service_file import service_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection
    from sqlalchemy.engine import URL, ExceptionContext
    from sqlalchemy.ext.asyncio import AsyncEngine

    from quartapp.database.postgres_url import Host

__all__ = ["POSTGRES_RESERVE", "PostgresAddress", "is_for_a_pooler", "postgres_engine"]

POSTGRES_CONNECTIONS = 20
POSTGRES_RESERVE = 8

SECRETS = ("sslpassword",)
"""Parameters that an engine does not show; its password it masks."""

AT_STARTUP = re.compile(r"unsupported startup parameter(?: in options)?: ([^\s=]+)")


class PostgresAddress:
    """Where the servers are and how a connection is opened, as an address says.

    url
        SQLAlchemy's, with libpq's parameters in its query.

    Raises `ValueError` for what asyncpg cannot do, with the end of a sentence that shows no secret.
    """

    def __init__(self, url: URL) -> None:
        url = normalised(url)
        self.url = url.difference_update_query(SECRETS)
        url = _with_service(url)
        query = {name: str(value) for name, value in url.query.items()}
        self.hosts = _hosts(url, query)
        self._parameters = parameters = Parameters()
        login = {"user": url.username, "password": url.password, "database": url.database}
        parameters.arguments |= {name: value for name, value in login.items() if value}
        for name, value in query.items():
            parameters.read(name, value)
        parameters.complete()

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler gives each transaction another connection to the server."""
        return self._parameters.is_pooled

    @property
    def ignored(self) -> list[str]:
        """The names of parameters that have no effect."""
        return self._parameters.ignored

    @property
    def options(self) -> dict[str, Any]:
        """What SQLAlchemy's dialect connects with."""
        options = {
            "async_creator_fn": self.connect,
            "prepared_statement_cache_size": self._parameters.statements,
        }
        if self.is_pooled:
            # One without a name is parsed again in each use of it, so it is never somewhere else.
            options["prepared_statement_name_func"] = _no_name
        return options

    async def connect(self, *_: object, **__: object) -> Any:
        """Open a connection to the first server that will do; each has the whole time for itself.

        Raises `DatabaseUnavailable`.
        """
        from asyncpg import (  # type: ignore[import-untyped]  # it has none
            CannotConnectNowError,
            InterfaceError,
            InternalClientError,
            PostgresError,
        )
        from asyncpg.exceptions import (  # type: ignore[import-untyped]  # it has none
            TargetServerAttributeNotMatched,
        )

        last: Exception | None = None
        for host, session in self._attempts():
            try:
                return await self._open(host, session)
            except (OSError, CannotConnectNowError, TargetServerAttributeNotMatched) as error:
                last = error
            except (PostgresError, InterfaceError, InternalClientError) as error:
                raise DatabaseUnavailable(_refusal(error)) from error
        assert last is not None  # noqa: S101  # there is at least one attempt
        raise DatabaseUnavailable(_failure(last, self._parameters)) from last

    def _attempts(self) -> Iterator[tuple[Host, str]]:
        hosts = list(self.hosts)
        if self._parameters.is_shuffled:
            random.shuffle(hosts)
        wanted = self._parameters.session
        for session in ("standby", "any") if wanted == "prefer-standby" else (wanted,):
            for host in hosts:
                yield host, session

    async def _open(self, host: Host, session: str) -> Any:
        import asyncpg

        name, port = host
        return await asyncpg.connect(
            **self._parameters.arguments,
            host=name or None,
            port=port,
            timeout=self._parameters.timeout,
            target_session_attrs=session,
        )


def postgres_engine(
    address: PostgresAddress, patience: float, size: int = POSTGRES_CONNECTIONS
) -> AsyncEngine:
    """A pool of asyncpg connections; one that the server has closed is replaced when taken."""
    engine = create_async_engine(
        address.url,
        **PRIVATE,
        pool_size=size,
        # None in excess: to close one that is given back costs a new one soon, and could be cut.
        max_overflow=0,
        pool_timeout=patience,
        connect_args=address.options,
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_the_dead(connection: Any, _record: object, _proxy: object) -> None:
        # Costs nothing, where pool_pre_ping costs three round trips for every transaction.
        if connection.driver_connection.is_closed():
            raise DisconnectionError("the server closed it")

    @event.listens_for(engine.sync_engine, "handle_error")
    def name_the_timeout(context: ExceptionContext) -> Exception | None:
        # The driver's is Python's own, which a caller could take for one of theirs.
        if not isinstance(context.original_exception, TimeoutError):
            return None
        return DatabaseUnavailable("the database did not answer within command_timeout")

    return engine


def is_for_a_pooler(connection: Connection) -> bool:
    """Whether an engine's owner has statements named or forgotten, as is advised for a pooler."""
    adapter: Any = connection.connection.dbapi_connection
    default = getattr(adapter, "_default_name_func", None)
    if default is None:
        return False
    return (
        adapter._prepared_statement_cache is None
        or adapter._prepared_statement_name_func is not default
    )


def _hosts(url: URL, query: dict[str, str]) -> list[Host]:
    hosts = hosts_of(query.pop("host", "") or url.host or "", query.pop("port", "") or url.port)
    address = query.pop("hostaddr", "")
    if address and any(name for name, _ in hosts):
        raise ValueError("has hostaddr beside a host, which asyncpg cannot use: keep one of them")
    if address:
        port = hosts[0][1] if hosts else None
        return hosts_of(address, port)
    # Without one it is the driver's: PGHOST, or where sockets usually are.
    return hosts or [("", None)]


def _with_service(url: URL) -> URL:
    """The address with what its service adds to it, as far as it does not say that itself."""
    query = {name: str(value) for name, value in url.query.items()}
    service, file = query.pop("service", ""), query.pop("servicefile", None)
    url = url.set(query=query)
    if not service:
        return url
    added = service_parameters(service, file or None)
    has_host = bool(url.host or "host" in query or "hostaddr" in query)
    said = {
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        "host": has_host,
        "hostaddr": has_host,
        "port": url.port or has_host,
    }
    rest = {name: value for name, value in added.items() if not said.get(name)}
    return normalised(url.set(query=rest | query))


def _no_name() -> str:
    return ""


def _refusal(error: Exception) -> str:
    """Why a server that was reached gave no connection."""
    found = AT_STARTUP.search(str(error))
    if found is None:
        return f"the database cannot be used now: {error}"
    return (
        f"PgBouncer refuses {found[1]} when a connection is opened: add it to "
        f"ignore_startup_parameters in pgbouncer.ini, and since it has no effect then, remove it "
        "from DATABASE_URL and use ALTER ROLE … SET"
    )


def _failure(error: Exception, parameters: Parameters) -> str:
    """Why no server could be reached."""
    if isinstance(error, TimeoutError) and not str(error):
        return f"the database cannot be reached: no answer within {parameters.timeout:g} s"
    if isinstance(error, OSError):
        return f"the database cannot be reached: {error}"
    return f"the database cannot be used now: {error}"
