"""The address of the database: any usual spelling of it becomes one with an async driver."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from quartapp.settings.keys import Secret

__all__ = ["database_url", "shown"]

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
SECRET = ("pass", "secret", "token", "key")
"""Parts of the names of parameters that are nobody's business."""

FORMS = "use sqlite:///folder/app.sqlite or postgresql://user:password@host/name"


def database_url(raw: Any) -> Secret:
    """SQLAlchemy's URL with aiosqlite or asyncpg.

    A relative SQLite path starts at the working directory. Raises `ValueError`, never with the
    URL in it, because it may hold a password.
    """
    if not isinstance(raw, str):
        raise ValueError("is not text: put it in quotes")
    try:
        url = make_url(raw.strip())
    except (ArgumentError, ValueError):
        raise ValueError(f"is not a database URL: {FORMS}") from None
    driver = DRIVERS.get(url.drivername)
    if driver is None:
        raise ValueError(f"asks for {url.drivername}, which is not supported: {FORMS}")
    url = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    return Secret(url.set(drivername=driver).render_as_string(hide_password=False))


def shown(url: URL) -> str:
    """An address as a person may see it: no password, in its usual place or in the query."""
    secret = [key for key in url.query if any(word in key.lower() for word in SECRET)]
    masked = url.update_query_dict(dict.fromkeys(secret, "***")) if secret else url
    return masked.render_as_string(hide_password=True)


def _sqlite(url: URL) -> URL:
    if url.database in (None, "", ":memory:") or url.query.get("mode") == "memory":
        raise ValueError("names no file, and a database in memory loses messages: use sqlite:///…")
    return url


def _postgresql(url: URL) -> URL:
    if find_spec("asyncpg") is None:
        raise ValueError("needs asyncpg: pip install 'quartapp[postgres]'")
    # libpq, and so most hosters, call sslmode what asyncpg calls ssl.
    mode = url.query.get("sslmode")
    return (
        url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode}) if mode else url
    )
