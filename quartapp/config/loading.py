"""The settings of the application: all sources read, checked together and completed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypercorn.config import Config as Server
from sqlalchemy.engine import URL

from quartapp.config.secret_key import stored_secret_key
from quartapp.config.serving import Maker, maker, serves_this_machine
from quartapp.config.sources import from_environment, from_file, from_mapping, merged
from quartapp.config.table import CONFIG, KEYS, Environment
from quartapp.database.url import postgres_address
from quartapp.mail.settings import Backend, MailSettings, Upgrade
from quartapp.settings.keys import Secret, SettingError, is_unset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quartapp.config.sources import Source

__all__ = ["KEYS", "ConfigError", "load", "settings_file"]

PACKAGE = Path(__file__).parents[1]
KIB = 1024

PAGES_OPEN = "QUARTAPP_PAGES_OPEN"
HOST_BELIEVED = "QUARTAPP_HOST_BELIEVED"
WARNINGS = "QUARTAPP_WARNINGS"

QUART = {
    "MAX_CONTENT_LENGTH": 64 * KIB,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
}
"""Quart's own settings where its defaults are not ours."""


CLOSED = (
    "QUARTAPP_ENV is not set, so /dev/mail/ and /outbox/ are closed: "
    "set it to development to open them, or to production."
)


UNPLACED = (
    "Neither DATABASE_URL nor QUARTAPP_INSTANCE is set, so messages are stored in {}: "
    "set one of them to a place that outlives this installation."
)


SHORTEST_KEY = 16
SHORT_KEY = (
    f"SECRET_KEY, or one of its fallbacks, is shorter than {SHORTEST_KEY} bytes, so that sessions "
    "could be forged: "
    'make one with python3 -c "import secrets; print(secrets.token_urlsafe(48))".'
)


class ConfigError(SystemExit):
    """A setting that cannot be used: one sentence on stderr and exit code 1, under every server."""


def load(
    overrides: Mapping[str, Any] | None, environ: Mapping[str, str], instance: str | Path
) -> dict[str, Any]:
    """All settings for `app.config`: typed and checked, durations in seconds, sizes in bytes.

    overrides
        Wins over the environment, which wins over the file; None and blank text mean the
        default. Keys of others, such as Quart's, are passed on.
        `QUARTAPP_PAGES_OPEN` is for the code that makes the app: True says that its server is one
        for development, False that it serves nothing and needs no warning.
    instance
        The instance folder where QUARTAPP_INSTANCE is not set; it is made here.

    There are all of `KEYS`, Quart's own, and three that say what follows from them:
    `QUARTAPP_PAGES_OPEN`, whether `/dev/mail/` and `/outbox/` are open as in development,
    `QUARTAPP_HOST_BELIEVED`, whether messages may link to the host that a request names, and
    `QUARTAPP_WARNINGS`, sentences to log once. Raises `ConfigError`.
    """
    others = dict(overrides or {})
    told = others.pop(PAGES_OPEN, None)
    try:
        return _load(others, environ, Path(instance), told)
    except SettingError as error:
        raise ConfigError(str(error)) from None


def settings_file(environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None) -> Path:
    """The settings file in use. Raises `ConfigError`."""
    try:
        return _file_named_by(from_mapping(overrides or {}), from_environment(environ))
    except SettingError as error:
        raise ConfigError(str(error)) from None


def _load(
    overrides: Mapping[str, Any], environ: Mapping[str, str], instance: Path, told: bool | None
) -> dict[str, Any]:
    environment, mapping = from_environment(environ), from_mapping(overrides)
    path = _file_named_by(mapping, environment)
    file = from_file(path)
    written = merged([file, environment, mapping])
    values = {key.name: key.default for key in KEYS}
    values |= QUART | dict(file.others) | dict(mapping.others) | written | {CONFIG.name: path}
    _resolve_backend(values, has_server="MAIL_SERVER" in written)
    _check(values, written)
    has_place = bool(values["DATABASE_URL"] or values["QUARTAPP_INSTANCE"])
    _complete(values, instance)
    values[WARNINGS] = _warnings(values, environment.unknown, file.server)
    if values["QUARTAPP_ENV"] is Environment.PRODUCTION and not has_place:
        values[WARNINGS] += (UNPLACED.format(values["QUARTAPP_INSTANCE"]),)
    if "QUARTAPP_ENV" not in written and not values.get("TESTING"):
        _decide_pages(values, maker(told))
    return values


def _file_named_by(*sources: Source) -> Path:
    for source in sources:
        raw = source.ours.get(CONFIG.name)
        if not is_unset(raw):
            return Path(CONFIG.parse(raw, source.where))
    inside = PACKAGE / "config.toml"
    return inside if inside.exists() else PACKAGE.parent / "config.toml"


def _resolve_backend(values: dict[str, Any], *, has_server: bool) -> None:
    if values["MAIL_BACKEND"] is Backend.AUTO:
        is_real = has_server or values["QUARTAPP_ENV"] is Environment.PRODUCTION
        values["MAIL_BACKEND"] = Backend.SMTP if is_real else Backend.MAILBOX


def _check(values: Mapping[str, Any], written: Mapping[str, Any]) -> None:
    """Refuse settings that contradict each other, or lack one another."""
    name, password = values["OPERATOR_USERNAME"], values["OPERATOR_PASSWORD"]
    if bool(name) != bool(password):
        raise SettingError(
            "OPERATOR_USERNAME and OPERATOR_PASSWORD belong together: set both or neither."
        )
    if ":" in (name or ""):
        raise SettingError("OPERATOR_USERNAME must not contain a colon: browsers cannot send it.")
    if values["QUARTAPP_ENV"] is Environment.PRODUCTION:
        _check_production(written)
        _check_keys([written["SECRET_KEY"], *(values.get("SECRET_KEY_FALLBACKS") or ())])
    if url := MailSettings.from_config(values).notify_url:
        try:
            postgres_address(url)
        except ValueError as error:
            raise SettingError(f"MAIL_NOTIFY_URL {error}.") from None


def _check_production(written: Mapping[str, Any]) -> None:
    for name in ("SECRET_KEY", "MAIL_SERVER"):
        if name not in written:
            raise SettingError(f"{name} is not set, and QUARTAPP_ENV=production needs it.")
    if written.get("MAIL_BACKEND") is Backend.MAILBOX:
        raise SettingError(
            "MAIL_BACKEND=mailbox would hide messages under QUARTAPP_ENV=production: remove it."
        )


def _check_keys(keys: Iterable[str | bytes]) -> None:
    """Refuse keys, the former ones that Quart still takes included, that can be guessed."""
    if any(len(key.encode() if isinstance(key, str) else key) < SHORTEST_KEY for key in keys):
        raise SettingError(SHORT_KEY)


def _complete(values: dict[str, Any], instance: Path) -> None:
    """Fill in the defaults that depend on other settings."""
    is_production = values["QUARTAPP_ENV"] is Environment.PRODUCTION
    folder = values["QUARTAPP_INSTANCE"] = values["QUARTAPP_INSTANCE"] or instance.absolute()
    _make(folder)
    values["SECRET_KEY"] = values["SECRET_KEY"] or stored_secret_key(folder)
    values["DATABASE_URL"] = values["DATABASE_URL"] or _sqlite_in(folder)
    if values["MAIL_UPGRADE"] is Upgrade.AUTO:
        values["MAIL_UPGRADE"] = Upgrade.NEVER if is_production else Upgrade.ALWAYS
    if values["SESSION_COOKIE_SECURE"] is None:
        values["SESSION_COOKIE_SECURE"] = is_production
    values[PAGES_OPEN] = values[HOST_BELIEVED] = not is_production


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            f"The instance folder {folder} cannot be made ({error.strerror}): "
            "set QUARTAPP_INSTANCE to a folder that can be written."
        ) from None


def _sqlite_in(folder: Path) -> Secret:
    url = URL.create("sqlite+aiosqlite", database=str(folder / "quartapp.sqlite"))
    return Secret(url.render_as_string(hide_password=False))


def _warnings(
    values: Mapping[str, Any], unknown: tuple[str, ...], server: Mapping[str, Any]
) -> tuple[str, ...]:
    found = []
    if unknown:
        names = ", ".join(unknown)
        found.append(f"In the environment, no settings of quartapp and left alone: {names}.")
    drain, end = (
        values["MAIL_DRAIN_TIMEOUT"],
        server.get("shutdown_timeout", Server.shutdown_timeout),
    )
    if drain >= end:
        found.append(
            f"MAIL_DRAIN_TIMEOUT ({drain:g} s) is not shorter than hypercorn's shutdown_timeout "
            f"({end:g} s), which would cut it off: make that longer."
        )
    if values["MAIL_BACKEND"] is Backend.SMTP:
        found += MailSettings.from_config(values).warnings()
    return tuple(found)


def _decide_pages(values: dict[str, Any], maker: Maker) -> None:
    """Close the developer's pages where nothing says that this is development.

    What `quartapp run` listens on it says later: it opens its sockets with these settings.
    """
    values[PAGES_OPEN] = maker is Maker.DEVELOPMENT_SERVER
    values[HOST_BELIEVED] = values[PAGES_OPEN] and serves_this_machine()
    if maker is Maker.SERVER:
        values[WARNINGS] += (CLOSED,)
