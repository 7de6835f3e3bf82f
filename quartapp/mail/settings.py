"""The mail service's settings: typed, checked, and frozen once the app is made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

from quartapp.mail.addresses import addresses, envelope_sender_setting, mailbox, recipients
from quartapp.mail.choices import Backend, OnUncertain, Upgrade
from quartapp.mail.server_settings import ServerSettings
from quartapp.settings import kinds
from quartapp.settings.fields import keys_of, setting
from quartapp.settings.keys import Key, Keys, SettingError, is_unset

if TYPE_CHECKING:
    from collections.abc import Mapping

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
HERE = "in app.config"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings(ServerSettings):
    """All settings of the mail service. Durations are seconds, sizes bytes.

    Raises `SettingError` where two settings contradict each other.
    """

    backend: Backend = setting(  # noqa: RUF009 (it makes a field)
        Backend.SMTP,
        kinds.one_of(Backend),
        "`smtp`, `mailbox`, or `auto`: smtp if MAIL_SERVER is set or in production, else mailbox.",
        app_default=Backend.AUTO,
    )
    default_sender: str | None = setting(None, mailbox, "The sender of messages that have none.")
    envelope_from: str | None = setting(
        None,
        envelope_sender_setting,
        "Where bounces go, if not to the message's sender; `<>`: nowhere.",
    )
    subject_prefix: str = setting(
        "",
        kinds.text,
        "What `send_email` puts before the subject, with a space.",
        name="FLASKY_MAIL_SUBJECT_PREFIX",
        app_default="[Flasky]",
    )
    template_sender: str | None = setting(
        None,
        mailbox,
        "The sender of what `send_email` sends.",
        name="FLASKY_MAIL_SENDER",
        app_default="Flasky Admin <flasky@example.com>",
    )
    inline_css: bool = setting(
        False,
        kinds.true_or_false,
        "Write the rules of `<style>` into the elements of HTML templates; needs `quartapp[html]`.",
    )
    strict_templates: bool = setting(
        True,
        kinds.true_or_false,
        "Whether what a mail template misses is an error; false writes nothing in its place.",
    )
    ascii_attachments: bool = setting(
        False, kinds.true_or_false, "Write the names of attachments in ASCII."
    )
    debug: int = setting(
        False, kinds.level, "Log the SMTP dialogue, without credentials and bodies."
    )
    lease: float = setting(
        MINUTE,
        kinds.some_time,
        "After how long without a sign of life another process takes over a process's messages; "
        "a process that is started after `kill -9` waits for that long too.",
        shown="60s",
    )
    retry_first: float = setting(
        MINUTE, kinds.some_time, "The shortest time between two attempts at a message.", shown="60s"
    )
    retry_max: float = setting(
        4000.0,
        kinds.some_time,
        "The longest time between two attempts at a message.",
        shown="4000s",
    )
    give_up: float = setting(
        5 * DAY,
        kinds.duration,
        "The age at which a message that is still deferred fails.",
        shown="5d",
    )
    breaker_first: float = setting(
        1.0, kinds.some_time, "First pause after a server failure.", shown="1s"
    )
    breaker_max: float = setting(
        MINUTE, kinds.some_time, "Longest pause after repeated server failures.", shown="60s"
    )
    on_uncertain: OnUncertain = setting(  # noqa: RUF009 (it makes a field)
        OnUncertain.RESEND,
        kinds.one_of(OnUncertain),
        "When the connection is lost after the end of data: `resend`, or `hold` for an operator.",
    )
    uncertain_delay: float = setting(
        1800.0, kinds.duration, "How long to wait before such a message is resent.", shown="30m"
    )
    drain_timeout: float = setting(
        25.0, kinds.duration, "How long the shutdown waits for pending replies.", shown="25s"
    )
    max_size: int = setting(
        25 * KIB * KIB,
        kinds.size,
        "Larger messages are rejected when queued.",
        shown="25 MiB",
    )
    retention: float = setting(
        7 * DAY,
        kinds.duration,
        "How long sent and cancelled messages are stored; then they are deleted.",
        shown="7d",
    )
    retention_failed: float = setting(
        90 * DAY,
        kinds.duration,
        "How long failed and uncertain messages are stored; then they are deleted.",
        shown="90d",
    )
    key_retention: float = setting(
        365 * DAY,
        kinds.duration,
        "How long the key of a deleted message is remembered, as an HMAC.",
        shown="365d",
    )
    redirect_to: tuple[str, ...] = setting(
        (), addresses, "The recipients of every message in place of its own, for staging."
    )
    allowed_recipients: tuple[str, ...] = setting(
        (),
        recipients,
        "Addresses and domains (`@example.com`) that messages may reach, for staging.",
    )
    queue: str = setting(
        "default",
        kinds.name,
        "Where several applications share a database, each has a queue of its own: a process "
        "delivers, shows, counts and deletes only the messages of its queue.",
    )
    upgrade: Upgrade = setting(  # noqa: RUF009 (it makes a field)
        Upgrade.AUTO,
        kinds.one_of(Upgrade),
        "Whether starting upgrades the mail tables: `always`, `never`, or `auto`: in development, "
        "and where an SQLite file has none yet.",
    )
    dispatch: bool = setting(
        True,
        kinds.true_or_false,
        "Whether this process delivers; false where `quartapp mail work` does.",
        alias="QUARTAPP_DISPATCH",
    )
    notify_url: str | None = setting(
        None,
        kinds.secret,
        "The database's direct address for LISTEN, where `DATABASE_URL` leads to PgBouncer.",
        secret=True,
    )

    def __post_init__(self) -> None:
        # Not by super(): a class with slots is another one than its methods were defined in.
        ServerSettings.__post_init__(self)
        _check_order("MAIL_RETRY_FIRST", self.retry_first, "MAIL_RETRY_MAX", self.retry_max)
        pauses = self.login_pause_first, self.login_pause_max
        _check_order("MAIL_LOGIN_PAUSE_FIRST", pauses[0], "MAIL_LOGIN_PAUSE_MAX", pauses[1])
        _check_order("MAIL_BREAKER_FIRST", self.breaker_first, "MAIL_BREAKER_MAX", self.breaker_max)
        if self.inline_css and find_spec("css_inline") is None:
            raise SettingError(
                "MAIL_INLINE_CSS needs the package css-inline: pip install 'quartapp[html]', or "
                "set it to false."
            )

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
        found = ServerSettings.warnings(self)
        if self.lease < self.timeout:
            found.append(
                f"MAIL_LEASE ({self.lease:g} s) is shorter than MAIL_TIMEOUT ({self.timeout:g} s): "
                "make it longer, or a slow process may lose its messages to another."
            )
        return found


def is_suppressed(config: Mapping[str, Any]) -> bool:
    """Whether messages are recorded and not sent: MAIL_SUPPRESS_SEND, TESTING where it is unset.

    Read for every message, because tests set it late. Raises `SettingError`.
    """
    raw = config.get(SUPPRESS.name)
    return bool(config.get("TESTING") if is_unset(raw) else SUPPRESS.parse(raw, HERE))


def _check_order(first: str, least: float, last: str, most: float) -> None:
    if least > most:
        raise SettingError(f"{first} ({least:g} s) is more than {last} ({most:g} s): swap them.")


SUPPRESS = Key(
    "MAIL_SUPPRESS_SEND",
    kinds.true_or_false,
    None,
    "Record messages instead of sending them; read for every message.",
    shown="TESTING",
)
_KEYS = keys_of(MailSettings, "MAIL")
FIELDS = {key.name: name for name, key in _KEYS.items()}
MAIL_KEYS = Keys([*_KEYS.values(), SUPPRESS], ["MAIL", "FLASKY_MAIL"])
