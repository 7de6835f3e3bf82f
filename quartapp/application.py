"""quartapp: the book's mail chapter on Quart, with mail that an async web app cannot lose."""

from __future__ import annotations

import logging
import os
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quart import Quart

from quartapp import web
from quartapp.config import ConfigError, load
from quartapp.config.loading import WARNINGS
from quartapp.database import Database
from quartapp.mail import Mail, Message, send_email

# Under its own name it would hide the package `quartapp.mail`.
from quartapp.mail import mail as current_mail
from quartapp.mail.cli import logs
from quartapp.mail.mailbox import Catcher, Chaos, Store
from quartapp.mail.worker_process import leave_stopping_to_the_master
from quartapp.models import Role, User

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

__all__ = ["create_app"]

logger = logging.getLogger("quartapp")

PACKAGE = Path(__file__).parent


def create_app(config: Mapping[str, Any] | None = None) -> Quart:
    """Make the application: settings, database, mail, pages, and the lifespan that runs them.

    config
        Settings that win over config.toml and the environment, by the names of the README's
        table.

    Raises `ConfigError`, a `SystemExit` with one sentence, for settings that cannot be used.
    """
    app = Quart("quartapp", template_folder=str(_templates()))
    app.config.from_mapping(load(config, os.environ, app.instance_path))
    app.config["TEMPLATES_AUTO_RELOAD"] = app.config["QUARTAPP_ENV"] != "production"
    logs.configure(app.config["QUARTAPP_LOG_FORMAT"], app.config["QUARTAPP_LOG_LEVEL"])
    for warning in app.config[WARNINGS]:
        logger.warning("%s", warning)
    app.extensions["database"] = Database(app.config["DATABASE_URL"])
    Mail().bind(app)
    if app.config["QUARTAPP_ENV"] != "production":
        folder = Path(app.config["QUARTAPP_INSTANCE"])
        app.extensions["mailbox"] = Store(folder / "mailbox")
        app.extensions["chaos"] = Chaos(folder / "chaos.json")
    web.init_app(app)
    app.shell_context_processor(lambda: _at_hand(app))

    @app.while_serving
    async def lifespan() -> AsyncGenerator[None]:
        async with _serving(app):
            yield

    return app


@asynccontextmanager
async def _serving(app: Quart) -> AsyncIterator[None]:
    """Everything that lives while the app serves, ended in reverse order."""
    service: Mail = app.extensions["mail"]
    leave_stopping_to_the_master()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(app.extensions["database"].dispose)
        await _bring_up_to_date(app)
        server = None
        if app.config["MAIL_BACKEND"] == "mailbox":
            catcher = Catcher(
                app.extensions["mailbox"], app.config["MAIL_MAX_SIZE"], app.extensions["chaos"]
            )
            await stack.enter_async_context(catcher)
            server = ("127.0.0.1", catcher.port)
        await stack.enter_async_context(service.worker.running(server))
        yield


async def _bring_up_to_date(app: Quart) -> None:
    """Migrate in development; in production only look, since that is for a person to decide."""
    for tables in (app.extensions["database"], app.extensions["mail"]):
        if app.config["QUARTAPP_ENV"] != "production":
            await tables.upgrade()
            continue
        current, head = await tables.revisions()
        if current != head:
            sentence = f"the database is at version {current}, not {head}: run quartapp db upgrade"
            logger.critical("%s", sentence)
            raise ConfigError(sentence)


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
