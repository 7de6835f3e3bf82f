"""`quartapp mail`: the extension's commands, for the settings that the app would load."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

import click
from quart import Quart
from quart.cli import NoAppException, ScriptInfo

from quartapp.config import load
from quartapp.config.loading import WARNINGS
from quartapp.mail import MailService, PlainHost
from quartapp.mail.cli import logs, mail_group

if TYPE_CHECKING:
    from typing import Any

__all__ = ["mail"]


def _load() -> Any:
    """The application that --app names; without it one of settings alone."""
    path: str | None = click.get_current_context().find_root().params["app"]
    return _named(path) if path else _of_settings()


def _named(path: str) -> Quart:
    try:
        return ScriptInfo(path).load_app()
    except NoAppException as error:
        # Where the module itself fails to import something, the last line tells what.
        first, *more = error.format_message().strip().splitlines()
        sys.exit(f"--app {path}: {first} {more[-1]}" if more else f"--app {path}: {first}")


def _of_settings() -> Any:
    """What the mail service asks of an app: no page, no table but the extension's."""
    instance = Quart("quartapp").instance_path
    config = load({"QUARTAPP_PAGES_OPEN": False}, os.environ, instance)
    host = PlainHost(config, name="quartapp", folder=config["QUARTAPP_INSTANCE"])
    logs.configure(host.config["QUARTAPP_LOG_FORMAT"], host.config["QUARTAPP_LOG_LEVEL"])
    for warning in host.config[WARNINGS]:
        logging.getLogger("quartapp").warning("%s", warning)
    host.extensions["mail"] = MailService(host)
    return host


mail = mail_group(_load)
