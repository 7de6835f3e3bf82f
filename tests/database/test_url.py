"""Database URLs: every usual spelling, one driver for each database."""

from __future__ import annotations

import pytest

from quartapp.database.url import database_url


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("sqlite:///app.sqlite", "sqlite+aiosqlite:///app.sqlite"),
        ("sqlite:////var/app.sqlite", "sqlite+aiosqlite:////var/app.sqlite"),
        ("sqlite+aiosqlite:///app.sqlite", "sqlite+aiosqlite:///app.sqlite"),
        ("postgres://ada:pw@db/app", "postgresql+asyncpg://ada:pw@db/app"),
        ("postgresql://ada:p%40w@db:5433/app", "postgresql+asyncpg://ada:p%40w@db:5433/app"),
        ("postgresql+asyncpg://db/app", "postgresql+asyncpg://db/app"),
        ("postgres://db/app?sslmode=require", "postgresql+asyncpg://db/app?ssl=require"),
    ],
)
def test_a_usual_spelling_gets_its_async_driver(written: str, url: str) -> None:
    mapped = database_url(written)

    assert (mapped, database_url(mapped), repr(mapped)) == (url, url, "<secret>")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("mysql://ada:hunter2@db/app", "asks for mysql, which is not supported: use sqlite:///"),
        ("postgresql+psycopg2://ada:hunter2@db/app", "asks for postgresql"),
        ("ada:hunter2@db", "is not a database URL: use sqlite:///"),
        ("postgresql://ada:hunter2@db:port/app", "is not a database URL: use sqlite:///"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///file:app?mode=memory&uri=true", "names no file"),
        (5, "is not text"),
    ],
)
def test_what_cannot_be_used_is_refused_without_its_password(
    written: object, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        database_url(written)

    assert "hunter2" not in str(refused.value)
