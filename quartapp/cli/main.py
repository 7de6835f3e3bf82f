"""The `quartapp` command. Its subcommands are imported when one of them is called for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from click import Context

__all__ = ["LazyCommand", "main", "shell"]


class LazyCommand(click.Command):
    """Stands for a command whose module is imported when it is called for.

    place
        Where it is: `module:name`.
    """

    def __init__(self, name: str, place: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self._place = place

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: Any
    ) -> Context:
        """Read the command line as the command itself does, and leave it to it from then on."""
        return self.load().make_context(info_name, args, parent, **extra)

    def load(self) -> click.Command:
        """Import the command."""
        module, _, name = self._place.partition(":")
        return cast("click.Command", getattr(import_module(module), name))


run = LazyCommand("run", "quartapp.cli.run:run", "Serve the app and deliver its messages.")
shell = LazyCommand(
    "shell", "quartapp.cli.shell:shell", "Python with the app at hand and top-level await."
)
db = LazyCommand("db", "quartapp.cli.db:db", "Create the tables and keep them up to date.")
mail = LazyCommand(
    "mail", "quartapp.cli.mail:mail", "See messages, deliver them, and find out why they wait."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-A", "--app", metavar="MODULE:NAME", help="Another application, for the mail commands."
)
@click.version_option(package_name="quartapp", message="%(prog)s %(version)s")
@click.pass_context
def main(context: Context, app: str | None) -> None:
    """Mail that an async web app cannot lose.

    \b
    quartapp run            serve the page; it prints where
    quartapp shell          try things: await mail.send(message)
    quartapp db upgrade     create the tables, or bring them up to date
    quartapp mail work      deliver messages without serving pages

    Settings come from config.toml and from environment variables of the same names, which
    win: MAIL_SERVER=smtp.example.org quartapp run. The README has the table of them.
    """
    if app is not None and context.invoked_subcommand != "mail":
        raise click.UsageError("--app goes with the mail commands.")


for command in (run, shell, db, mail):
    main.add_command(command)
