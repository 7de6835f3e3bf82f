"""`quartapp mail`: the extension's commands, for the settings that the app would load."""

from __future__ import annotations

import logging
import os
import sys

import click
from quart import Quart
from quart.cli import NoAppException, ScriptInfo

from quartapp.config import load
from quartapp.config.loading import WARNINGS
from quartapp.mail import MailService, PlainHost
from quartapp.mail.cli import logs, mail_group
from quartapp.settings.folder import default_folder

__all__ = ["mail"]


def _load() -> MailService:
    """The mail of the application that --app names; without it that of the settings."""
    path: str | None = click.get_current_context().find_root().params["app"]
    return _of_app(path) if path else _of_settings()


def _of_app(path: str) -> MailService:
    try:
        app = ScriptInfo(path).load_app()
    except NoAppException as error:
        # Where it is an error inside of the module, the last line names it.
        sys.exit(f"--app {path}: {error.format_message().strip().splitlines()[-1]}")
    service = app.extensions.get("mail")
    if not isinstance(service, MailService):
        sys.exit(f"{app.name} has no mail: call mail.init_app(app).")
    return service


def _of_settings() -> MailService:
    """Without the demo: no page, and no tables but the extension's."""
    folder = default_folder(Quart("quartapp").instance_path, "quartapp")
    config = load({"QUARTAPP_PAGES_OPEN": False}, os.environ, folder)
    logs.configure(config["QUARTAPP_LOG_FORMAT"], config["QUARTAPP_LOG_LEVEL"])
    for warning in config[WARNINGS]:
        logging.getLogger("quartapp").warning("%s", warning)
    return MailService(PlainHost(config, name="quartapp", folder=config["QUARTAPP_INSTANCE"]))


mail = mail_group(_load)
