"""The table of all settings of the application; those of its mail service are in its own."""

from __future__ import annotations

from enum import StrEnum

from quartapp.database.url import database_url
from quartapp.mail.settings import MAIL_KEYS, mailbox
from quartapp.settings import kinds
from quartapp.settings.keys import Key, Keys

__all__ = ["CONFIG", "KEYS", "Environment", "LogFormat", "LogLevel", "Metrics"]


class Environment(StrEnum):
    """Where the app runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Metrics(StrEnum):
    """Who may read `/metrics` where no operator is set."""

    CLOSED = "closed"
    OPEN = "open"


class LogFormat(StrEnum):
    """How a line of the log looks."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least that is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


CONFIG = Key(
    "QUARTAPP_CONFIG",
    kinds.file,
    None,
    "Another settings file.",
    shown="the checkout's config.toml, else the package's",
)

KEYS = Keys(
    [
        CONFIG,
        Key(
            "QUARTAPP_ENV",
            kinds.one_of(Environment),
            Environment.DEVELOPMENT,
            "`development` or `production`, which needs SECRET_KEY and MAIL_SERVER.",
        ),
        Key(
            "QUARTAPP_URL",
            kinds.web_address,
            None,
            "The app's public address, the only one that messages link to.",
        ),
        Key(
            "QUARTAPP_TRUSTED_PROXIES",
            kinds.whole(0, 100),
            0,
            "Number of trusted reverse proxies (X-Forwarded-*).",
        ),
        Key(
            "QUARTAPP_LOG_FORMAT",
            kinds.one_of(LogFormat),
            LogFormat.TEXT,
            "`text` or `json`, with fields that docs/log.md lists.",
        ),
        Key(
            "QUARTAPP_LOG_LEVEL",
            kinds.one_of(LogLevel),
            LogLevel.INFO,
            "The least that is logged: `DEBUG`, `INFO`, `WARNING`, `ERROR`, `CRITICAL`.",
        ),
        Key(
            "QUARTAPP_INSTANCE",
            kinds.file,
            None,
            "The folder of the SQLite file, the generated secret key and the mailbox.",
            shown="Quart's instance folder",
        ),
        Key(
            "SECRET_KEY",
            kinds.secret,
            None,
            "The key that signs sessions.",
            shown="made and stored in development",
            secret=True,
        ),
        Key(
            "DATABASE_URL",
            database_url,
            None,
            "`sqlite:///…` (relative to the working directory) or `postgresql://…`.",
            shown="an SQLite file in the instance folder",
            secret=True,
        ),
        Key(
            "SESSION_COOKIE_SECURE",
            kinds.true_or_false,
            None,
            "Whether browsers keep the session to https.",
            shown="true in production",
        ),
        Key(
            "QUARTAPP_RATE_LIMIT",
            kinds.rate_limit,
            "30/minute",
            "New users per client address; `off` turns it off.",
        ),
        Key(
            "FLASKY_ADMIN", mailbox, None, "The address that is told of new users; unset: no mail."
        ),
        Key(
            "QUARTAPP_METRICS",
            kinds.one_of(Metrics),
            Metrics.CLOSED,
            "`open` shows `/metrics` to everybody in production where no operator is set.",
        ),
        *MAIL_KEYS,
        Key("OPERATOR_USERNAME", kinds.text, None, "The operator's name for `/outbox/`."),
        Key(
            "OPERATOR_PASSWORD",
            kinds.secret,
            None,
            "The operator's password; with both set `/outbox/` is open in production.",
            secret=True,
        ),
    ],
    prefixes=["MAIL", "FLASKY", "QUARTAPP", "OPERATOR"],
)
