"""The `mail` commands, for any application. Importing this loads none of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from quart import Quart

    from quartapp.mail.service import MailService

__all__ = ["MailGroup", "add_commands", "mail_group"]

HELP = """\
See messages, deliver them, and find out why they wait.

\b
mail stats           how delivery stands, how many messages wait, and for how long
mail list            list messages; --status failed lists those that failed
mail show ID         one message, and the server's reply to each recipient
mail retry ID        send it again; --all for all that failed
mail cancel ID       do not send it
mail check           can messages leave? which step fails, and what to do
mail test ADDRESS    send a test message now
mail work            deliver messages without serving pages
mail upgrade         create the mail tables, or bring them up to date

Only `work` delivers what is in the outbox. The exit code is 0 when it went well, 1 when not,
with a sentence that says why, and 2 when the command was not understood.
"""

MODULES = {
    "list": "messages",
    "show": "messages",
    "stats": "messages",
    "retry": "changes",
    "cancel": "changes",
    "check": "check",
    "test": "check",
    "work": "work",
    "upgrade": "upgrade",
}
"""The commands, in the order of their help, and the module of each."""


class MailGroup(click.Group):
    """`mail`: its commands are imported when one of them is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None if there is none."""
        if cmd_name not in MODULES:
            return None
        module = import_module(f"{__name__}.{MODULES[cmd_name]}")
        # `list` would hide Python's own in its module.
        return cast("click.Command", getattr(module, cmd_name if cmd_name != "list" else "list_"))


def mail_group(load: Callable[[], MailService]) -> MailGroup:
    """Make the group `mail`.

    load
        Finds the service that the commands are about; called once by each command.
    """
    return MailGroup(
        "mail",
        help=HELP,
        short_help="See messages, deliver them, and find out why they wait.",
        context_settings={"obj": load},
    )


def add_commands(app: Quart) -> None:
    """Add `quart --app … mail` to an app, unless it has a command of that name."""
    if "mail" not in app.cli.commands:
        app.cli.add_command(mail_group(lambda: cast("MailService", app.extensions["mail"])))
