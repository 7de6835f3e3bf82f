"""The `quartapp` command."""

from __future__ import annotations

import click

from quartapp.cli.db import db
from quartapp.cli.run import run
from quartapp.cli.shell import shell
from quartapp.mail.cli.group import mail

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="quartapp", message="%(prog)s %(version)s")
def main() -> None:
    """Mail that an async web app cannot lose.

    \b
    quartapp run            serve the page; it prints where
    quartapp shell          try things: await mail.send(message)
    quartapp db upgrade     create the tables, or bring them up to date
    quartapp mail work      deliver messages without serving pages

    Settings come from config.toml and from environment variables of the same names, which
    win: MAIL_SERVER=smtp.example.org quartapp run. The README has the table of them.
    """


main.add_command(run)
main.add_command(shell)
main.add_command(db)
main.add_command(mail)
