"""quartapp: the book's mail chapter on Quart, with mail that an async web app cannot lose."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quart import Quart

from quartapp import web
from quartapp.config import ConfigError, load
from quartapp.config.loading import WARNINGS
from quartapp.database import Database, DatabaseUnavailable, SchemaError
from quartapp.mail import Mail, MailError, Message, send_email

# Under its own name it would hide the package `quartapp.mail`.
from quartapp.mail import mail as current_mail
from quartapp.mail.cli import logs
from quartapp.models import MIGRATIONS, Role, User
from quartapp.settings.folder import default_folder, warn_of_readers

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["create_app"]

logger = logging.getLogger("quartapp")

PACKAGE = Path(__file__).parent


def create_app(config: Mapping[str, Any] | None = None) -> Quart:
    """Make the application: settings, database, mail, pages, and its lifespan.

    config
        Settings that win over config.toml and the environment, by the names of the README's
        table.

    Raises `ConfigError`, a `SystemExit` with one sentence, for settings that cannot be used.
    """
    app = Quart("quartapp", template_folder=str(_templates()))
    folder = default_folder(app.instance_path, app.name)
    app.config.from_mapping(load(config, os.environ, folder))
    app.config["TEMPLATES_AUTO_RELOAD"] = app.config["QUARTAPP_ENV"] != "production"
    logs.configure(app.config["QUARTAPP_LOG_FORMAT"], app.config["QUARTAPP_LOG_LEVEL"])
    for warning in app.config[WARNINGS]:
        logger.warning("%s", warning)
    warn_of_readers(app.config["QUARTAPP_INSTANCE"])
    if app.config["QUARTAPP_INSTANCE"] == folder != Path(app.instance_path):
        logger.info("QUARTAPP_INSTANCE is not set: files are in %s", folder)
    database = app.extensions["database"] = Database(app.config["DATABASE_URL"])
    mail = Mail(app, engine=database)
    web.init_app(app)
    app.shell_context_processor(lambda: _at_hand(app))

    @app.before_serving
    async def prepare_tables() -> None:
        try:
            await _prepare_tables(database, mail, app.config["QUARTAPP_ENV"])
        except BaseException:
            await database.dispose()
            raise

    app.after_serving(database.dispose)
    return app


async def _prepare_tables(database: Database, mail: Mail, environment: str) -> None:
    """Migrate in development; in production only look, since that is for a person to decide."""
    try:
        if environment != "production":
            await MIGRATIONS.upgrade(database)
        else:
            await MIGRATIONS.check(database)
        # When the mail service starts it does so too, where a server would add a traceback.
        await mail.prepare()
    except (SchemaError, MailError, DatabaseUnavailable) as error:
        # The server exits without a look at its tasks, and asyncio would add their tracebacks.
        asyncio.get_running_loop().set_exception_handler(_say_no_more)
        raise ConfigError(str(error)) from None


def _say_no_more(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), (ConfigError, asyncio.CancelledError)):
        loop.default_exception_handler(context)


def _at_hand(app: Quart) -> dict[str, Any]:
    """What the shell offers."""
    return {
        "db": app.extensions["database"],
        "User": User,
        "Role": Role,
        "Message": Message,
        "mail": current_mail,
        "send_email": send_email,
    }


def _templates() -> Path:
    """Inside an installed package, beside it in a checkout."""
    inside = PACKAGE / "templates"
    return inside if inside.is_dir() else PACKAGE.parent / "templates"
