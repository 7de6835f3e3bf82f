"""The address of a PostgreSQL database in text, read as libpq reads it."""

from __future__ import annotations

import os
import re
from ipaddress import IPv6Address
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sqlalchemy.engine import URL

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = ["DRIVER", "Host", "hosts_of", "normalised", "postgres_url", "rendered"]

Host = tuple[str, int | None]
"""A name, an address or a socket's folder, empty for the driver's default; and a port."""

DRIVER = "postgresql+asyncpg"
PORT, LARGEST_PORT = 5432, 65535

NO_URL = (
    "is not a database URL: use sqlite:///folder/app.sqlite or postgresql://user:password@host/name"
)
RAW = (
    "has a raw ?, #, @ or / in the user's name, the password or the database's name: "
    "encode it there, as %3F, %23, %40 or %2F"
)
NO_PARAMETER = "has something after the ? that is not name=value: join parameters by &"
NO_HOST = "names several hosts, one of which is empty: name each, with one comma between them"
NO_USER = "has a password without a user's name: write user:password@, and encode : as %3A"
SPACE = "has a space or a control character in it: encode a space as %20"
PERCENT = "has a % that is not followed by two hexadecimal digits: encode it as %25"

SPACES = re.compile(r"[\x00-\x20\x7f]")
BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
HOST = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<name>[^:@\[\]]*))(?::(?P<port>\d*))?")


def postgres_url(raw: str, known: Container[str]) -> URL:
    """SQLAlchemy's URL with asyncpg and with libpq's parameters; see `normalised`.

    known
        The names of parameters; another one may be a part of a password.

    Raises `ValueError`, in which nothing is shown that may be a part of a password.
    """
    if SPACES.search(raw):
        raise ValueError(SPACE)
    rest = raw.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    path, _, query = rest[len(authority) :].partition("?")
    parameters = [each for each in query.split("&") if each]
    _refuse_raw(authority, path, parameters, known)
    login, _, places = authority.rpartition("@")
    user, _, password = login.partition(":")
    given: dict[str, list[str]] = {}
    for each in parameters:
        name, _, value = each.partition("=")
        given.setdefault(_decoded(name), []).append(_decoded(value))
    if places:
        given.setdefault("host", [_decoded(places)])
    return normalised(
        URL.create(
            DRIVER,
            username=_decoded(user) or None,
            password=_decoded(password) or None,
            database=_decoded(path[1:]) or None,
            query={name: tuple(values) for name, values in given.items()},
        )
    )


def normalised(url: URL) -> URL:
    """The same address with user, password and database in their usual places.

    So is a single host; a socket, and several hosts, are `host=a,b&port=1,2` in the query. Raises
    `ValueError`.
    """
    query = {name: _single(name, value) for name, value in url.query.items()}
    hosts = hosts_of(query.pop("host", "") or url.host or "", query.pop("port", "") or url.port)
    hosts = _with_usual_ports(hosts)
    dbname = query.pop("dbname", "")
    host, port = hosts[0] if hosts else ("", None)
    if len(hosts) > 1 or host.startswith(("/", "@")):
        query["host"] = ",".join(name for name, _ in hosts)
        if len(hosts) > 1 or port:
            query["port"] = ",".join(str(number) for _, number in hosts)
        host, port = "", None
    user = query.pop("user", "") or url.username
    password = query.pop("password", "") or url.password
    if password and not user:
        raise ValueError(NO_USER)
    return URL.create(
        DRIVER,
        username=user,
        password=password,
        host=host or None,
        port=port,
        database=query.pop("database", "") or dbname or url.database,
        query=query,
    )


def hosts_of(names: str, ports: str | int | None) -> list[Host]:
    """Hosts and ports from lists that are separated by commas. Raises `ValueError`."""
    hosts = [_host(each) for each in names.split(",")] if names else []
    numbers = [_port(each) for each in str(ports).split(",")] if ports else []
    if not numbers:
        return hosts
    hosts = hosts or [("", None)]
    return [
        (name, own or number)
        for (name, own), number in zip(hosts, _one_each(numbers, len(hosts)), strict=True)
    ]


def _one_each(ports: list[int | None], count: int) -> list[int | None]:
    if len(ports) == 1:
        ports *= count
    if len(ports) != count:
        raise ValueError(f"names {count} hosts and {len(ports)} ports: give each its port")
    return ports


def _with_usual_ports(hosts: list[Host]) -> list[Host]:
    """Several hosts with a port each, which SQLAlchemy wants; of one asyncpg finds it.

    Where none has its own, PGPORT says which, for all or one for each.
    """
    if len(hosts) < 2:
        return hosts
    if not all(name for name, _ in hosts):
        raise ValueError(NO_HOST)
    named = "" if any(port for _, port in hosts) else os.environ.get("PGPORT", "")
    try:
        ports = [_port(each.strip()) for each in named.split(",")]
        usual = _one_each(ports, len(hosts))
    except ValueError:
        raise ValueError(
            f"names {len(hosts)} hosts without ports, and PGPORT is {named!r:.60}: set it to one "
            "port, or to one for each host with commas between them"
        ) from None
    return [(name, port or own or PORT) for (name, port), own in zip(hosts, usual, strict=True)]


def rendered(url: URL) -> str:
    """The address as text that `postgres_url` reads: libpq takes a + for a +."""
    if url.host:
        # A link's name in an IPv6 address, as in fe80::1%eth0.
        url = url.set(host=url.host.replace("%", "%25"))
    before, question, query = url.render_as_string(hide_password=False).partition("?")
    return before.replace(" ", "%20") + question + query.replace("+", "%20")


def _refuse_raw(authority: str, path: str, parameters: list[str], known: Container[str]) -> None:
    """Raise `ValueError` for what only looks like an address because something is not encoded."""
    if authority.count("@") > 1 or "@" in path or "#" in path:
        raise ValueError(RAW)
    for each in parameters:
        name, equals, _ = each.partition("=")
        if equals and unquote(name) in known:
            continue
        if any("@" in other for other in parameters):
            raise ValueError(RAW)
        if not equals:
            raise ValueError(NO_PARAMETER)


def _single(name: str, value: str | tuple[str, ...]) -> str:
    """The last of several values, as libpq takes it; but all hosts, as SQLAlchemy does."""
    if isinstance(value, str):
        return value
    return ",".join(value) if name == "host" else value[-1]


def _host(text: str) -> Host:
    # A socket's folder, as Google names it, and a bare IPv6 address have colons of their own.
    if text.startswith(("/", "@")) or _is_ipv6(text):
        return text, None
    found = HOST.fullmatch(text)
    if found is None:
        raise ValueError(NO_URL)
    port = found["port"]
    return found["six"] or found["name"], _port(port) if port else None


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _port(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= LARGEST_PORT:
        raise ValueError(NO_URL)
    return int(text)


def _decoded(text: str) -> str:
    if BARE_PERCENT.search(text):
        raise ValueError(PERCENT)
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("has bytes that are not UTF-8: encode its text as UTF-8") from None
    if "\0" in decoded:
        raise ValueError("has %00 in it, which PostgreSQL takes nowhere: remove it")
    return decoded
