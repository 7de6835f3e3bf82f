"""Database URLs: every usual spelling, one driver for each database."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from quartapp.database import Database
from quartapp.database.url import database_url, shown

RAW = "has a raw .* encode it there, as %3F, %23, %40 or %2F"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("sqlite:///app.sqlite", "sqlite+aiosqlite:///app.sqlite"),
        ("sqlite:////var/app.sqlite", "sqlite+aiosqlite:////var/app.sqlite"),
        ("sqlite+aiosqlite:///app.sqlite", "sqlite+aiosqlite:///app.sqlite"),
        ("postgres://ada:pw@db/app", "postgresql+asyncpg://ada:pw@db/app"),
        ("postgresql://ada:p%40w@db:5433/app", "postgresql+asyncpg://ada:p%40w@db:5433/app"),
        ("postgresql+asyncpg://db/app", "postgresql+asyncpg://db/app"),
        ("postgres+asyncpg://db/app", "postgresql+asyncpg://db/app"),
        ("postgres://db/app?sslmode=require", "postgresql+asyncpg://db/app?sslmode=require"),
        ("postgres:///?host=db&dbname=app&user=ada", "postgresql+asyncpg://ada@db/app"),
        ("postgres://db/app?password=p%40w&user=a", "postgresql+asyncpg://a:p%40w@db/app"),
        ("postgres://db/app?password=p@w&user=a@db", "postgresql+asyncpg://a%40db:p%40w@db/app"),
        ("postgres://a:p%20w+%25@db/app", "postgresql+asyncpg://a:p%20w+%25@db/app"),
        ("postgres://[::1]:5433/app", "postgresql+asyncpg://[::1]:5433/app"),
        ("postgres://a,b:7/app", "postgresql+asyncpg:///app?host=a%2Cb&port=5432%2C7"),
        ("postgres://a,b/app", "postgresql+asyncpg:///app?host=a%2Cb&port=5432%2C5432"),
        ("postgres:///app?host=a,b", "postgresql+asyncpg:///app?host=a%2Cb&port=5432%2C5432"),
        ("postgres:///app?host=a,b&port=6", "postgresql+asyncpg:///app?host=a%2Cb&port=6%2C6"),
        ("postgres:///app?host=a:6&host=b", "postgresql+asyncpg:///app?host=a%2Cb&port=6%2C5432"),
        ("postgres://%2Frun%2Fpg/app", "postgresql+asyncpg:///app?host=%2Frun%2Fpg"),
        (
            "postgres:///a?host=/cloudsql/p:r:i",
            "postgresql+asyncpg:///a?host=%2Fcloudsql%2Fp%3Ar%3Ai",
        ),
        ("postgres://db/a?options=-cx%3Da%20b", "postgresql+asyncpg://db/a?options=-cx%3Da%20b"),
        (
            "postgres://[fe80::1%25eth0]/app",
            "postgresql+asyncpg://[fe80::1%25eth0]/app",
        ),
        (
            "postgres://db/a?application_name=a+b",
            "postgresql+asyncpg://db/a?application_name=a%2Bb",
        ),
    ],
)
def test_a_usual_spelling_gets_its_async_driver(written: str, url: str) -> None:
    mapped = database_url(written)

    assert (mapped, database_url(mapped), repr(mapped)) == (url, url, "<secret>")


@pytest.mark.parametrize("written", ["postgresql://u@a,b/n", "postgresql://u@/n?host=a,b"])
def test_several_hosts_need_no_ports(written: str) -> None:
    assert "host=a%2Cb&port=5432%2C5432" in repr(Database(written))


@pytest.mark.parametrize(
    ("written", "named", "ports"),
    [
        ("postgresql://u@a,b/n", "6000", "6000%2C6000"),
        ("postgresql://u@/n?host=a,b", "6000,6001", "6000%2C6001"),
        ("postgresql://u@a:7,b/n", "6000", "7%2C5432"),
        ("postgresql://u@/n?host=a,b&port=7", "6000", "7%2C7"),
    ],
)
def test_several_hosts_without_ports_have_those_of_pgport(
    monkeypatch: pytest.MonkeyPatch, written: str, named: str, ports: str
) -> None:
    monkeypatch.setenv("PGPORT", named)

    assert f"host=a%2Cb&port={ports}" in repr(Database(written))


@pytest.mark.parametrize("named", ["6000,6001,6002", "many", "0"])
def test_a_pgport_that_does_not_fit_several_hosts_is_named(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("PGPORT", named)

    with pytest.raises(ValueError, match=f"names 2 hosts without ports, and PGPORT is '{named}'"):
        database_url("postgresql://u@a,b/n")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("postgresql://ada:hunter2@a,/app", "names several hosts, one of which is empty"),
        ("postgresql://:hunter2@db/app", "has a password without a user's name"),
        ("postgresql://db/app?sslnegotiation=direct", "with a weaker sslmode"),
        (
            "postgresql://db/a?ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2",
            "has an ssl_min_protocol_version above the maximum",
        ),
        ("mysql://ada:hunter2@db/app", "asks for mysql, which is not supported: use sqlite:///"),
        ("postgresql+psycopg2://ada:hunter2@db/app", "asks for postgresql"),
        ("ada:hunter2@db", "is not a database URL: use sqlite:///"),
        ("postgresql://ada:hunter2@db:port/app", "is not a database URL: use sqlite:///"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///file:app?mode=memory&uri=true", "names no file"),
        ("sqlite:///file::memory:?cache=shared&uri=true", "names no file"),
        ("sqlite:///app.sqlite?mode=ro", "has mode without uri=true"),
        ("sqlite:///app.sqlite?sslmode=require", "has sslmode, which is no parameter of SQLite"),
        ("sqlite:///app.sqlite?timeout=1&timeout=2", "has timeout more than once"),
        ("sqlite:///app.sqlite?timeout=soon", "has a timeout that is no number of seconds"),
        ("sqlite:///app.sqlite?uri=yes", "has another uri than uri=true"),
        ("sqlite://host/app.sqlite", "has a host, and a file has none"),
        ("sqlite:///app%00.sqlite", "has %00 in it"),
        (5, "is not text"),
        ("postgresql://ada:hunt@er2@db/app", RAW),
        ("postgresql://ada:hunt/er2@db/app", RAW),
        ("postgresql://ada:hunt?er2@db/app", RAW),
        ("postgresql://ada:hunt?er2=1@db/app", RAW),
        ("postgresql://ada:hunt#er2@db/app", RAW),
        ("postgresql://ada:12/hunter2@db/app", RAW),
        ("postgresql://ada:12?hunter2@db/app", RAW),
        ("postgresql://ada:12#hunter2@db/app", RAW),
        ("postgresql://ada@example.com:hunter2@db/app", RAW),
        ("postgresql://ada:hunter2%@db/app", "has a % .* encode it as %25"),
        ("postgresql://ada:hunter2%00@db/app", "has %00 in it"),
        ("postgresql://ada:hunter2%ff@db/app", "has bytes that are not UTF-8"),
        ("postgresql://ada:hunter2 @db/app", "has a space .* encode a space as %20"),
        ("postgresql://ada:hunter2@db:99999/app", "is not a database URL"),
        ("postgresql://ada:hunter2@db:5432:1/app", "is not a database URL"),
        ("postgresql://ada:hunter2@[::1/app", "is not a database URL"),
        ("postgresql://ada%40db/app", "is not a database URL"),
        ("postgresql://ada:hunter2@a,b/app?port=1,2,3", "names 2 hosts and 3 ports"),
        (
            "postgresql://ada:hunter2@db/app?sslmode",
            "has something after the \\? that is not name=",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_without_its_password(
    written: object, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        database_url(written)

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["password", "sslpassword", "sslkey", "passfile", "auth_token"])
def test_an_address_is_shown_without_the_secrets_in_its_query(name: str) -> None:
    url = make_url(f"postgresql+asyncpg://ada:swordfish@db/app?{name}=swordfish&application_name=a")

    words = shown(url)

    assert "swordfish" not in words
    assert "ada:***@db/app?" in words
    assert "application_name=a" in words
