"""The mail service's settings: typed, checked, and frozen once the app is made."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from quartapp.mail.addresses import addresses, mailbox, recipients
from quartapp.mail.choices import Backend, OnUncertain, Upgrade
from quartapp.settings import kinds
from quartapp.settings.keys import Key, Keys, SettingError, is_unset

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quartapp.settings.keys import Kind

__all__ = [
    "MAIL_KEYS",
    "Backend",
    "MailSettings",
    "OnUncertain",
    "Upgrade",
    "is_suppressed",
    "mailbox",
]

KIB = 1024
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SMTPS, SUBMISSION = 465, 587
HERE = "in app.config"


def _setting(default: Any, kind: Kind, meaning: str, **key: Any) -> Any:
    """A field with its key, which is called `MAIL_` and the field's name, or `name`."""
    key |= {"kind": kind, "meaning": meaning}
    return field(default=default, repr=not key.get("secret"), metadata=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """All settings of the mail service. Durations are seconds, sizes bytes.

    Raises `SettingError` where two settings contradict each other.
    """

    backend: Backend = _setting(  # noqa: RUF009 (it makes a field)
        Backend.SMTP,
        kinds.one_of(Backend),
        "`smtp`, `mailbox`, or `auto`: smtp if MAIL_SERVER is set or in production, else mailbox.",
        app_default=Backend.AUTO,
    )
    server: str = _setting(
        "localhost", kinds.host, "The SMTP server's host name.", alias="MAIL_HOSTNAME"
    )
    port: int = _setting(25, kinds.whole(1, 65535), "The SMTP server's port.")
    use_tls: bool = _setting(
        False, kinds.true_or_false, "Require STARTTLS, as servers offer it on port 587."
    )
    use_ssl: bool = _setting(
        False, kinds.true_or_false, "TLS from the start, as servers expect it on port 465."
    )
    validate_certs: bool = _setting(
        True, kinds.true_or_false, "Verify the server's certificate and its name."
    )
    ca_file: Path | None = _setting(  # noqa: RUF009 (it makes a field)
        None,
        kinds.certificates,
        "A PEM file with the authorities that may sign the certificate.",
        shown="the system's",
    )
    username: str | None = _setting(
        None,
        kinds.text,
        "The user name to log in with; refused without TLS unless the server is on this machine.",
    )
    password: str | None = _setting(
        None, kinds.secret, "The password to log in with; digits stay text.", secret=True
    )
    default_sender: str | None = _setting(None, mailbox, "The sender of messages that have none.")
    subject_prefix: str = _setting(
        "",
        kinds.text,
        "What `send_email` puts before the subject, with a space.",
        name="FLASKY_MAIL_SUBJECT_PREFIX",
        app_default="[Flasky]",
    )
    template_sender: str | None = _setting(
        None,
        mailbox,
        "The sender of what `send_email` sends.",
        name="FLASKY_MAIL_SENDER",
        app_default="Flasky Admin <flasky@example.com>",
    )
    max_emails: int = _setting(
        100, kinds.whole(1, 10**6), "Messages on one connection before a new one is opened."
    )
    ascii_attachments: bool = _setting(
        False, kinds.true_or_false, "Write the names of attachments in ASCII."
    )
    debug: bool = _setting(
        False, kinds.true_or_false, "Log the SMTP dialogue, without credentials and bodies."
    )
    connections: int = _setting(
        4, kinds.whole(1, 1000), "Connections to the server at the same time, per process."
    )
    timeout: float = _setting(
        30.0, kinds.some_time, "How long connecting and each command may take.", shown="30s"
    )
    data_timeout: float = _setting(
        600.0, kinds.some_time, "How long the reply to the end of data may take.", shown="10m"
    )
    lease: float = _setting(
        MINUTE,
        kinds.some_time,
        "After how long another process may take over a dead process's messages.",
        shown="60s",
    )
    retry_first: float = _setting(
        MINUTE, kinds.some_time, "The shortest time between two attempts at a message.", shown="60s"
    )
    retry_max: float = _setting(
        4000.0,
        kinds.some_time,
        "The longest time between two attempts at a message.",
        shown="4000s",
    )
    give_up: float = _setting(
        5 * DAY,
        kinds.duration,
        "The age at which a message that is still deferred fails.",
        shown="5d",
    )
    breaker_first: float = _setting(
        1.0, kinds.some_time, "First pause after a server failure.", shown="1s"
    )
    breaker_max: float = _setting(
        MINUTE, kinds.some_time, "Longest pause after repeated server failures.", shown="60s"
    )
    on_uncertain: OnUncertain = _setting(  # noqa: RUF009 (it makes a field)
        OnUncertain.RESEND,
        kinds.one_of(OnUncertain),
        "When the connection is lost after the end of data: `resend`, or `hold` for an operator.",
    )
    uncertain_delay: float = _setting(
        1800.0, kinds.duration, "How long to wait before such a message is resent.", shown="30m"
    )
    drain_timeout: float = _setting(
        25.0, kinds.duration, "How long the shutdown waits for pending replies.", shown="25s"
    )
    max_size: int = _setting(
        25 * KIB * KIB,
        kinds.size,
        "Larger messages are rejected when queued.",
        shown="25 MiB",
    )
    retention: float = _setting(
        7 * DAY,
        kinds.duration,
        "How long sent and cancelled messages are stored.",
        shown="7d",
    )
    retention_failed: float = _setting(
        90 * DAY,
        kinds.duration,
        "How long failed and uncertain messages are stored.",
        shown="90d",
    )
    redirect_to: tuple[str, ...] = _setting(
        (), addresses, "The recipients of every message in place of its own, for staging."
    )
    allowed_recipients: tuple[str, ...] = _setting(
        (),
        recipients,
        "Addresses and domains (`@example.com`) that messages may reach, for staging.",
    )
    upgrade: Upgrade = _setting(  # noqa: RUF009 (it makes a field)
        Upgrade.AUTO,
        kinds.one_of(Upgrade),
        "Whether starting upgrades the mail tables: `always`, `never`, or `auto`: in development, "
        "and where an SQLite file has none yet.",
    )
    dispatch: bool = _setting(
        True,
        kinds.true_or_false,
        "Whether this process delivers; false where `quartapp mail work` does.",
        alias="QUARTAPP_DISPATCH",
    )

    def __post_init__(self) -> None:
        if self.use_tls and self.use_ssl:
            raise SettingError(
                "MAIL_USE_TLS (STARTTLS) and MAIL_USE_SSL (TLS from the start) exclude each other: "
                "keep MAIL_USE_TLS for port 587, MAIL_USE_SSL for port 465."
            )
        self._check_login()
        _check_order("MAIL_RETRY_FIRST", self.retry_first, "MAIL_RETRY_MAX", self.retry_max)
        _check_order("MAIL_BREAKER_FIRST", self.breaker_first, "MAIL_BREAKER_MAX", self.breaker_max)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The settings in an app's config: as text, as Flask-Mail's values or as ours.

        What is absent, None or blank has the default of this class. Raises `SettingError` for
        a bad value, a contradiction and a key that is nearly one of ours.
        """
        for name in config:
            if MAIL_KEYS.claims(name):
                MAIL_KEYS.refuse_near_miss(name, HERE)
        values = {
            FIELDS[name]: MAIL_KEYS[name].parse(raw, HERE)
            for name, raw in MAIL_KEYS.written(config, HERE).items()
            if name in FIELDS and not is_unset(raw)
        }
        if values.get("backend") is Backend.AUTO:
            values["backend"] = Backend.SMTP
        values.setdefault("template_sender", values.get("default_sender"))
        return cls(**values)

    def warnings(self) -> list[str]:
        """What is allowed but probably a mistake, each in a sentence with the cure."""
        found = []
        if self.port == SMTPS and not self.use_ssl:
            found.append(
                "MAIL_PORT is 465, where servers expect TLS at once: "
                "set MAIL_USE_SSL, and not MAIL_USE_TLS."
            )
        if self.port == SUBMISSION and self.use_ssl:
            found.append(
                "MAIL_PORT is 587, where servers expect STARTTLS: "
                "set MAIL_USE_TLS, and not MAIL_USE_SSL."
            )
        if self.lease < self.timeout:
            found.append(
                f"MAIL_LEASE ({self.lease:g} s) is shorter than MAIL_TIMEOUT ({self.timeout:g} s): "
                "make it longer, or a slow process may lose its messages to another."
            )
        return found

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, so that the connection needs no encryption."""
        if self.server.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.server).is_loopback
        except ValueError:
            return False

    def _check_login(self) -> None:
        if bool(self.username) != bool(self.password):
            given, missing = "MAIL_USERNAME", "MAIL_PASSWORD"
            if self.password:
                given, missing = missing, given
            raise SettingError(f"{given} is set without {missing}: set both or neither.")
        if self.username and not (self.use_tls or self.use_ssl or self.is_local):
            raise SettingError(
                f"MAIL_PASSWORD would travel to {self.server} in clear: "
                "set MAIL_USE_TLS=true (port 587) or MAIL_USE_SSL=true (port 465)."
            )


def is_suppressed(config: Mapping[str, Any]) -> bool:
    """Whether messages are recorded and not sent: MAIL_SUPPRESS_SEND, TESTING where it is unset.

    Read for every message, because tests set it late. Raises `SettingError`.
    """
    raw = config.get(SUPPRESS.name)
    return bool(config.get("TESTING") if is_unset(raw) else SUPPRESS.parse(raw, HERE))


def _check_order(first: str, least: float, last: str, most: float) -> None:
    if least > most:
        raise SettingError(f"{first} ({least:g} s) is more than {last} ({most:g} s): swap them.")


def _keys() -> dict[str, Key]:
    """The key of each field."""
    found = {}
    for each in fields(MailSettings):
        known = {"name": f"MAIL_{each.name.upper()}", "default": each.default, **each.metadata}
        known["default"] = known.pop("app_default", each.default)
        found[each.name] = Key(**known)
    return found


SUPPRESS = Key(
    "MAIL_SUPPRESS_SEND",
    kinds.true_or_false,
    None,
    "Record messages instead of sending them; read for every message.",
    shown="TESTING",
)
FIELDS = {key.name: name for name, key in _keys().items()}
MAIL_KEYS = Keys([*_keys().values(), SUPPRESS], ["MAIL", "FLASKY_MAIL"])
