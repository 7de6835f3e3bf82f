"""The parameters of a PostgreSQL address: libpq's, asyncpg's and SQLAlchemy's.

Each is translated for asyncpg, ignored with a warning, or refused in a sentence; they are listed in
docs/database-url.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from quartapp.database.tls import SSLMODES, tls_arguments
from quartapp.settings import kinds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["IGNORED", "KNOWN", "PLACES", "REFUSED", "TRANSLATED", "Parameters"]

CONNECT_TIMEOUT = 5.0
STATEMENTS = 100
"""How many prepared statements SQLAlchemy remembers by default."""

TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
SESSIONS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")


@dataclass(slots=True, kw_only=True, repr=False)
class Parameters:
    """What the parameters of an address ask for. Not shown: one is a password.

    arguments
        For `asyncpg.connect`.
    settings
        The server's own, for the session.
    timeout
        For connecting to one host, in seconds; None for no limit.
    session
        Which servers will do: libpq's `target_session_attrs`.
    is_shuffled
        Whether hosts are tried in another order each time.
    is_pooled
        Whether a pooler in between gives each transaction another of its connections.
    statements
        How many prepared statements SQLAlchemy remembers.
    ignored
        The names of those without an effect.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    tls: dict[str, str] = field(default_factory=dict)
    timeout: float | None = CONNECT_TIMEOUT
    session: str = "any"
    is_shuffled: bool = False
    is_pooled: bool = False
    statements: int = STATEMENTS
    fallback_name: str = ""
    ignored: list[str] = field(default_factory=list)

    def read(self, name: str, value: str) -> None:
        """Take one parameter. Raises `ValueError`, without the value in it."""
        if name not in KNOWN:
            near = get_close_matches(name.lower(), KNOWN, 1, 0.75)
            cure = f"did you mean {near[0]}?" if near else "remove it"
            raise ValueError(f"has {name!r:.60}, which is no parameter that is known here: {cure}")
        if not value:
            # libpq takes it for unset.
            return
        if name in REFUSED:
            harmless, cure = REFUSED[name]
            if value.lower() not in harmless:
                raise ValueError(f"has {name}, which asyncpg cannot honour: {cure}")
        elif name in TRANSLATED:
            try:
                TRANSLATED[name](self, value)
            except ValueError as error:
                raise ValueError(f"has {name}, which {error}") from None
        if name in IGNORED:
            self.ignored.append(name)

    def complete(self) -> None:
        """Decide what follows from several parameters together. Raises `ValueError`."""
        self.arguments |= tls_arguments(self.tls)
        if self.fallback_name:
            self.settings.setdefault("application_name", self.fallback_name)
        if self.settings:
            self.arguments["server_settings"] = self.settings
        # Nobody turns either cache off but for a pooler.
        if not self.statements or self.arguments.get("statement_cache_size") == 0:
            self.is_pooled = True
        if self.is_pooled:
            self.statements = self.arguments["statement_cache_size"] = 0


def _argument(name: str, kind: Callable[[str], Any]) -> Callable[[Parameters, str], None]:
    return lambda found, value: found.arguments.update({name: kind(value)})


def _setting(name: str) -> Callable[[Parameters, str], None]:
    return lambda found, value: found.settings.update({name: value})


def _tls(name: str, *words: str) -> Callable[[Parameters, str], None]:
    kind = _one_of(*words) if words else str
    return lambda found, value: found.tls.update({name: kind(value)})


def _field(name: str, kind: Callable[[str], Any]) -> Callable[[Parameters, str], None]:
    return lambda found, value: setattr(found, name, kind(value))


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"is none of {', '.join(words)}")
        return value

    return parse


def _seconds(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not 0 < number < float("inf"):
        raise ValueError("is not a number of seconds above 0")
    return number


def _connect_timeout(value: str) -> float | None:
    """As libpq has it: 0, or less, is no limit."""
    try:
        has_limit = int(value) > 0
    except ValueError:
        has_limit = True
    return _seconds(value) if has_limit else None


def _ssl(found: Parameters, value: str) -> None:
    """asyncpg's name for sslmode, and true or false, which other drivers take."""
    words = dict.fromkeys(kinds.TRUE, "require") | dict.fromkeys(kinds.FALSE, "disable")
    found.tls["sslmode"] = _one_of(*SSLMODES, *words)(value)
    found.tls["sslmode"] = words.get(value, value)


def _requiressl(found: Parameters, value: str) -> None:
    found.tls["sslmode"] = "require" if kinds.true_or_false(value) else "prefer"


def _direct_tls(found: Parameters, value: str) -> None:
    found.tls["sslnegotiation"] = "direct" if kinds.true_or_false(value) else "postgres"


PLACES = (
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "dbname",
    "database",
    "service",
    "servicefile",
)
"""Parameters that an address may also have in front of its `?`, or in a file."""

_CACHE = kinds.whole(0, 100_000)

TRANSLATED: dict[str, Callable[[Parameters, str], None]] = {
    "application_name": _setting("application_name"),
    "fallback_application_name": _field("fallback_name", str),
    "options": _setting("options"),
    "search_path": _setting("search_path"),
    "statement_timeout": _setting("statement_timeout"),
    "lock_timeout": _setting("lock_timeout"),
    "idle_in_transaction_session_timeout": _setting("idle_in_transaction_session_timeout"),
    "timezone": _setting("timezone"),
    "connect_timeout": _field("timeout", _connect_timeout),
    "timeout": _field("timeout", _connect_timeout),
    "target_session_attrs": _field("session", _one_of(*SESSIONS)),
    "load_balance_hosts": _field(
        "is_shuffled", lambda value: _one_of("disable", "random")(value) == "random"
    ),
    "passfile": _argument("passfile", str),
    "krbsrvname": _argument("krbsrvname", str),
    "gsslib": _argument("gsslib", _one_of("gssapi", "sspi")),
    "sslmode": _tls("sslmode", *SSLMODES),
    "ssl": _ssl,
    "requiressl": _requiressl,
    "sslnegotiation": _tls("sslnegotiation", "postgres", "direct"),
    "direct_tls": _direct_tls,
    "sslrootcert": _tls("sslrootcert"),
    "sslcert": _tls("sslcert"),
    "sslkey": _tls("sslkey"),
    "sslpassword": _tls("sslpassword"),
    "sslcrl": _tls("sslcrl"),
    "ssl_min_protocol_version": _tls("ssl_min_protocol_version", *TLS_VERSIONS),
    "ssl_max_protocol_version": _tls("ssl_max_protocol_version", *TLS_VERSIONS),
    "pgbouncer": _field("is_pooled", kinds.true_or_false),
    "statement_cache_size": _argument("statement_cache_size", _CACHE),
    "prepared_statement_cache_size": _field("statements", _CACHE),
    "max_cached_statement_lifetime": _argument("max_cached_statement_lifetime", _CACHE),
    "max_cacheable_statement_size": _argument("max_cacheable_statement_size", _CACHE),
    "command_timeout": _argument("command_timeout", _seconds),
}
"""What becomes of each parameter that has an effect."""

IGNORED = frozenset({
    "channel_binding", "gssencmode", "keepalives", "keepalives_count", "keepalives_idle",
    "keepalives_interval", "tcp_user_timeout", "sslcompression", "sslkeylogfile", "sslsni",
    "max_protocol_version", "authtype", "tty", "connection_limit", "pool_timeout", "socket_timeout",
    "supa",
})  # fmt: skip
"""Parameters without an effect, which one warning names. Some are other drivers' and providers'."""

_OPTIONS = "use options=-csearch_path%3D…"
_FALSE = frozenset(kinds.FALSE)

REFUSED: dict[str, tuple[frozenset[str], str]] = {
    "require_auth": (frozenset(), "remove it, and use sslmode=verify-full"),
    "requirepeer": (frozenset(), "remove it"),
    "gssencmode": (frozenset({"disable", "prefer"}), "use sslmode=verify-full in its place"),
    "gssdelegation": (_FALSE, "remove it"),
    "replication": (_FALSE, "remove it, the outbox needs an ordinary connection"),
    "client_encoding": (frozenset({"utf8", "utf-8", "unicode", "auto"}), "use UTF8, or remove it"),
    "min_protocol_version": (frozenset({"3.0"}), "use 3.0, or remove it"),
    "sslcertmode": (frozenset({"allow"}), "leave sslcert out for disable, and remove it"),
    "sslcrldir": (frozenset(), "name one file with sslcrl"),
    "scram_client_key": (frozenset(), "use a password"),
    "scram_server_key": (frozenset(), "use a password"),
    "oauth_issuer": (frozenset(), "use a password or a certificate"),
    "oauth_client_id": (frozenset(), "use a password or a certificate"),
    "oauth_client_secret": (frozenset(), "use a password or a certificate"),
    "oauth_scope": (frozenset(), "use a password or a certificate"),
    "server_settings": (frozenset(), "use options=-cNAME%3DVALUE"),
    "prepared_statement_name_func": (frozenset(), "use pgbouncer=true"),
    "schema": (frozenset({"public"}), "use options=-csearch_path%3DNAME"),
}
"""Parameters that are not ignored: the values that change nothing, and the cure for others."""

KNOWN = frozenset({*PLACES, *TRANSLATED, *IGNORED, *REFUSED})
