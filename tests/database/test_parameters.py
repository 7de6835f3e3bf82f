"""The parameters of an address: each has its effect, is ignored aloud, or is refused by name."""

from __future__ import annotations

import ctypes
import re
import socket
from pathlib import Path

import pytest
from sqlalchemy import text

from quartapp.database import Database, DatabaseUnavailable
from quartapp.database.parameters import (
    IGNORED,
    KNOWN,
    PLACES,
    REFUSED,
    TRANSLATED,
    Parameters,
)
from quartapp.database.url import database_url
from tests.fixtures.postgres_front import PostgresFront
from tests.fixtures.postgres_server import installed

DOCS = Path(__file__).parents[2] / "docs" / "database-url.md"
NOTHING = {"nothing": ""}

VALUES = {
    "application_name": "flasky",
    "fallback_application_name": "flasky",
    "options": "-csearch_path%3Dpublic%20-cwork_mem%3D8MB",
    "search_path": "public",
    "statement_timeout": "5s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "timezone": "UTC",
    "connect_timeout": "10",
    "timeout": "0",
    "target_session_attrs": "read-write",
    "load_balance_hosts": "random",
    "passfile": "/nowhere/.pgpass",
    "krbsrvname": "postgres",
    "gsslib": "gssapi",
    "sslmode": "prefer",
    "ssl": "prefer",
    "requiressl": "0",
    "sslnegotiation": "postgres",
    "direct_tls": "false",
    "sslrootcert": "system",
    "sslcert": "",
    "sslkey": "",
    "sslpassword": "hunter2",
    "sslcrl": "",
    "ssl_min_protocol_version": "TLSv1.2",
    "ssl_max_protocol_version": "TLSv1.3",
    "pgbouncer": "true",
    "statement_cache_size": "0",
    "prepared_statement_cache_size": "0",
    "max_cached_statement_lifetime": "60",
    "max_cacheable_statement_size": "1000",
    "command_timeout": "5.5",
}


async def setting(url, name):
    """What a session that is opened with this address finds."""
    database = Database(url)
    try:
        row = await database.first(text(f"SELECT current_setting('{name}') || :nothing"), NOTHING)
    finally:
        await database.dispose()
    return row[0]


@pytest.mark.parametrize(
    ("name", "value", "place", "found"),
    [
        ("application_name", "a", "settings", {"application_name": "a"}),
        ("fallback_application_name", "a", "fallback_name", "a"),
        ("options", "-cx=y", "settings", {"options": "-cx=y"}),
        ("search_path", "a,b", "settings", {"search_path": "a,b"}),
        ("statement_timeout", "5s", "settings", {"statement_timeout": "5s"}),
        ("lock_timeout", "5s", "settings", {"lock_timeout": "5s"}),
        (
            "idle_in_transaction_session_timeout",
            "5s",
            "settings",
            {"idle_in_transaction_session_timeout": "5s"},
        ),
        ("timezone", "UTC", "settings", {"timezone": "UTC"}),
        ("connect_timeout", "10", "timeout", 10),
        ("connect_timeout", "0", "timeout", None),
        ("connect_timeout", "-1", "timeout", None),
        ("timeout", "2.5", "timeout", 2.5),
        ("target_session_attrs", "standby", "session", "standby"),
        ("load_balance_hosts", "random", "is_shuffled", True),
        ("passfile", "/a", "arguments", {"passfile": "/a"}),
        ("krbsrvname", "a", "arguments", {"krbsrvname": "a"}),
        ("gsslib", "sspi", "arguments", {"gsslib": "sspi"}),
        ("sslmode", "allow", "tls", {"sslmode": "allow"}),
        ("ssl", "1", "tls", {"sslmode": "require"}),
        ("ssl", "off", "tls", {"sslmode": "disable"}),
        ("ssl", "verify-ca", "tls", {"sslmode": "verify-ca"}),
        ("requiressl", "1", "tls", {"sslmode": "require"}),
        ("requiressl", "0", "tls", {"sslmode": "prefer"}),
        ("sslnegotiation", "direct", "tls", {"sslnegotiation": "direct"}),
        ("direct_tls", "true", "tls", {"sslnegotiation": "direct"}),
        ("sslrootcert", "/a", "tls", {"sslrootcert": "/a"}),
        ("sslcert", "/a", "tls", {"sslcert": "/a"}),
        ("sslkey", "/a", "tls", {"sslkey": "/a"}),
        ("sslpassword", "a", "tls", {"sslpassword": "a"}),
        ("sslcrl", "/a", "tls", {"sslcrl": "/a"}),
        (
            "ssl_min_protocol_version",
            "TLSv1.3",
            "tls",
            {"ssl_min_protocol_version": "TLSv1.3"},
        ),
        (
            "ssl_max_protocol_version",
            "TLSv1.2",
            "tls",
            {"ssl_max_protocol_version": "TLSv1.2"},
        ),
        ("pgbouncer", "true", "is_pooled", True),
        ("statement_cache_size", "9", "arguments", {"statement_cache_size": 9}),
        ("prepared_statement_cache_size", "9", "statements", 9),
        ("max_cached_statement_lifetime", "9", "arguments", {"max_cached_statement_lifetime": 9}),
        ("max_cacheable_statement_size", "9", "arguments", {"max_cacheable_statement_size": 9}),
        ("command_timeout", "5.5", "arguments", {"command_timeout": 5.5}),
    ],
)
def test_each_asks_for_what_it_is_named_after(name, value, place, found):
    parameters = Parameters()

    parameters.read(name, value)

    assert getattr(parameters, place) == found


class _Option(ctypes.Structure):
    """The first fields of libpq's PQconninfoOption, and the room of the others."""

    _fields_ = [("keyword", ctypes.c_char_p), ("others", ctypes.c_void_p * 6)]


def test_all_of_libpq_is_known():
    libpq = ctypes.CDLL(str(installed() / "lib" / "libpq.so.5"))
    libpq.PQconndefaults.restype = ctypes.POINTER(_Option)
    options, names = libpq.PQconndefaults(), set()
    while keyword := options[len(names)].keyword:
        names.add(keyword.decode())

    assert len(names) > 40
    assert names - KNOWN == set()


def test_each_is_in_one_table_of_the_docs():
    rows = re.findall(r"^\| (`.*?) \|", DOCS.read_text("utf-8"), re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]

    assert sorted(names) == sorted(KNOWN)


def test_each_has_one_fate():
    assert TRANSLATED.keys() & REFUSED.keys() == set()
    assert set(PLACES) & {*TRANSLATED, *IGNORED, *REFUSED} == set()
    assert VALUES.keys() == TRANSLATED.keys()


async def test_a_session_is_opened_with_each_that_has_an_effect(postgres_url):
    for name, value in VALUES.items():
        database = Database(f"{postgres_url}&{name}={value}")
        row = await database.first(text("SELECT :nothing"), NOTHING)
        await database.dispose()

        assert row == ("",), name


@pytest.mark.parametrize("name", sorted(IGNORED - {"gssencmode"}))
async def test_what_has_no_effect_is_said_once(postgres_url, caplog, name):
    url = database_url(f"{postgres_url}&{name}=1&keepalives=1")

    assert await setting(url, "server_encoding") == "UTF8"
    told = [each.message for each in caplog.records if "without effect" in each.message]
    assert len(told) == 1
    assert name in told[0]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_would_lose_its_meaning_is_refused_by_its_name(name):
    with pytest.raises(ValueError, match=f"has {name}, which asyncpg cannot honour: .") as refused:
        database_url(f"postgresql://db/app?{name}=require")

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "harmless",
    [f"{name}={value}" for name, (values, _) in REFUSED.items() for value in sorted(values)],
)
def test_a_value_that_changes_nothing_is_taken(harmless):
    assert database_url(f"postgresql://db/app?{harmless}")


@pytest.mark.parametrize(
    ("parameter", "complaint"),
    [
        ("sslmod=require", "has 'sslmod', which is no parameter .*: did you mean sslmode"),
        ("SSLMODE=require", "has 'SSLMODE', which is no parameter .*: did you mean sslmode"),
        ("currentSchema=mail", "has 'currentSchema', which is no parameter .*: remove it"),
        ("connect_timeout=soon", "has connect_timeout, which is not a number of seconds above 0"),
        ("command_timeout=0", "has command_timeout, which is not a number of seconds above 0"),
        ("target_session_attrs=master", "has target_session_attrs, which is none of any, read-"),
        ("load_balance_hosts=1", "has load_balance_hosts, which is none of disable, random"),
        ("pgbouncer=maybe", "has pgbouncer, which is neither: use true"),
        ("statement_cache_size=-1", "has statement_cache_size, which is not a whole number"),
        ("hostaddr=127.0.0.1", "has hostaddr beside a host, which asyncpg cannot use"),
        ("service=nobody", "has a service that is not in .*pg_service.conf: add it there"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_name(parameter, complaint):
    with pytest.raises(ValueError, match=complaint):
        database_url(f"postgresql://db/app?{parameter}")
    with pytest.raises(ValueError, match=complaint):
        Database(f"postgresql://db/app?{parameter}")


@pytest.mark.parametrize(
    ("parameters", "name", "value"),
    [
        ("options=-csearch_path%3Dmail%20-c%20work_mem%3D9MB", "search_path", "mail"),
        ("options=-csearch_path%3Dmail%20-c%20work_mem%3D9MB", "work_mem", "9MB"),
        ("search_path=mail,public", "search_path", "mail,public"),
        ("application_name=flasky", "application_name", "flasky"),
        ("fallback_application_name=flasky", "application_name", "flasky"),
        ("fallback_application_name=a&application_name=b", "application_name", "b"),
        ("statement_timeout=7s", "statement_timeout", "7s"),
        ("timezone=Asia/Tokyo", "TimeZone", "Asia/Tokyo"),
    ],
)
async def test_a_setting_holds_in_the_session(postgres_url, parameters, name, value):
    assert await setting(f"{postgres_url}&{parameters}", name) == value


async def test_a_setting_that_the_server_does_not_know_is_told_in_its_words(postgres_url):
    with pytest.raises(DatabaseUnavailable, match='unrecognized configuration parameter "speed"'):
        await setting(f"{postgres_url}&options=-cspeed%3D9", "speed")


async def test_a_statement_that_takes_too_long_is_an_outage(postgres_url):
    database = Database(f"{postgres_url}&command_timeout=1")

    with pytest.raises(DatabaseUnavailable, match="did not answer within command_timeout"):
        await database.first(text("SELECT pg_sleep(60), :nothing"), NOTHING)

    assert await database.first(text("SELECT :nothing"), NOTHING) == ("",)
    await database.dispose()


async def test_a_server_that_is_not_what_is_asked_for_is_passed_over(postgres_url):
    url = f"{postgres_url}&options=-cdefault_transaction_read_only%3Don"

    assert await setting(f"{url}&target_session_attrs=read-only", "server_encoding") == "UTF8"
    assert await setting(f"{url}&target_session_attrs=prefer-standby", "server_encoding") == "UTF8"
    with pytest.raises(DatabaseUnavailable, match="cannot be used now"):
        await setting(f"{url}&target_session_attrs=read-write", "server_encoding")


async def test_the_next_host_is_asked_where_one_does_not_answer(postgres):
    deaf = socket.create_server(("127.0.0.1", 0))
    port = deaf.getsockname()[1]
    async with PostgresFront(postgres.folder) as front:
        url = f"postgresql://postgres@127.0.0.1:{port},127.0.0.1:1,127.0.0.1:{front.port}/postgres"

        # Each has the whole time: the first one uses up its own.
        found = await setting(f"{url}?connect_timeout=3&sslmode=disable", "server_encoding")

    assert found == "UTF8"
    deaf.close()


async def test_no_host_that_answers_is_an_outage(postgres):
    with pytest.raises(DatabaseUnavailable, match="the database cannot be reached"):
        await setting("postgresql://127.0.0.1:1,127.0.0.1:2/app?sslmode=disable", "port")


async def test_a_service_adds_what_the_address_leaves_out(postgres, tmp_path):
    (tmp_path / "services").write_text(
        f"[mail]\nhost={postgres.folder}\nuser=postgres\ndbname=nowhere\n"
        "password=100%\napplication_name=flasky\n"
    )

    url = f"postgresql:///postgres?service=mail&servicefile={tmp_path}/services"

    assert await setting(url, "application_name") == "flasky"
    assert "100%" not in database_url(url)


async def test_a_password_that_is_wrong_is_not_repeated(postgres_url):
    with pytest.raises(DatabaseUnavailable) as refused:
        await setting(f"{postgres_url}&user=nobody&password=hunter2", "port")

    assert "hunter2" not in str(refused.value)
