"""The address of the database: any usual spelling of it becomes one with an async driver."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from quartapp.database.parameters import KNOWN
from quartapp.database.postgres import PostgresAddress
from quartapp.database.postgres_url import DRIVER as POSTGRES
from quartapp.database.postgres_url import postgres_url, rendered
from quartapp.settings.keys import Secret

__all__ = ["database_url", "parsed", "postgres_address", "shown"]

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": POSTGRES,
    "postgresql": POSTGRES,
    "postgres+asyncpg": POSTGRES,
    "postgresql+asyncpg": POSTGRES,
}
SECRET = ("pass", "secret", "token", "key")
"""Parts of the names of parameters that are nobody's business."""

SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")

OF_A_FILE = ("timeout", "uri")
OF_A_FILE_URI = ("cache", "immutable", "mode", "modeof", "nolock", "psow", "vfs")
"""SQLite's own parameters (https://www.sqlite.org/uri.html), which it reads with uri=true alone."""

FORMS = "use sqlite:///folder/app.sqlite or postgresql://user:password@host/name"


def database_url(raw: Any) -> Secret:
    """SQLAlchemy's URL with aiosqlite or asyncpg, as text that `Database` takes.

    A relative SQLite path starts at the working directory. Raises `ValueError`, never with the
    URL in it, because it may hold a password.
    """
    if not isinstance(raw, str):
        raise ValueError("is not text: put it in quotes")
    url = parsed(raw)
    if url.get_backend_name() == "sqlite":
        return Secret(_sqlite(url).render_as_string(hide_password=False))
    _postgres(url)
    return Secret(rendered(url))


def postgres_address(raw: Any) -> PostgresAddress:
    """The same for what must be PostgreSQL: where its servers are. Raises `ValueError`."""
    url = parsed(database_url(raw))
    if url.get_backend_name() == "sqlite":
        raise ValueError("is the address of a file: use postgresql://user:password@host/name")
    return _postgres(url)


def parsed(raw: str) -> URL:
    """SQLAlchemy's URL of any usual spelling. Raises `ValueError`, without the URL in it."""
    raw = raw.strip()
    scheme, _, _ = raw.partition("://")
    driver = DRIVERS.get(scheme.lower())
    if driver == POSTGRES:
        return postgres_url(raw, KNOWN)
    try:
        url = make_url(raw)
    except (ArgumentError, ValueError):
        raise ValueError(f"is not a database URL: {FORMS}") from None
    if driver is None:
        raise ValueError(f"asks for {url.drivername}, which is not supported: {FORMS}")
    _check_file(url)
    return url.set(drivername=driver)


def shown(url: URL) -> str:
    """An address as a person may see it: no password, in its usual place or in the query."""
    secret = [key for key in url.query if any(word in key.lower() for word in SECRET)]
    masked = url.update_query_dict(dict.fromkeys(secret, "***")) if secret else url
    return masked.render_as_string(hide_password=True)


def _postgres(url: URL) -> PostgresAddress:
    if find_spec("asyncpg") is None:
        raise ValueError("needs asyncpg: pip install 'quartapp[postgres]'")
    return PostgresAddress(url)


def _check_file(url: URL) -> None:
    """Raise `ValueError` for what would have no effect, or end in an error of the driver."""
    if url.host:
        raise ValueError("has a host, and a file has none: use sqlite:///folder/app.sqlite")
    if "\0" in (url.database or ""):
        raise ValueError("has %00 in it, which no path has")
    for name, value in url.query.items():
        if not isinstance(value, str):
            raise ValueError(f"has {name} more than once: keep one of them")
        if name in OF_A_FILE_URI and "uri" not in url.query:
            raise ValueError(
                f"has {name} without uri=true: use sqlite:///file:path?{name}=…&uri=true"
            )
        if name not in OF_A_FILE + OF_A_FILE_URI:
            raise ValueError(f"has {name}, which is no parameter of SQLite: remove it")
    if url.query.get("uri", "true") != "true":
        raise ValueError("has another uri than uri=true: leave it out")
    if not SECONDS.fullmatch(str(url.query.get("timeout", "0"))):
        raise ValueError("has a timeout that is no number of seconds, such as timeout=5")


def _sqlite(url: URL) -> URL:
    in_memory = url.query.get("mode") == "memory" or url.query.get("vfs") == "memdb"
    if url.database in (None, "", ":memory:", "file::memory:") or in_memory:
        raise ValueError("names no file, and a database in memory loses messages: use sqlite:///…")
    return url
