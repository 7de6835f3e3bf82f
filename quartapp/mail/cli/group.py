"""`quartapp mail`: what a person does about messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from quartapp import create_app
from quartapp.mail.cli.changes import cancel, retry
from quartapp.mail.cli.check import check, test
from quartapp.mail.cli.heap import settle
from quartapp.mail.cli.loop import run
from quartapp.mail.cli.messages import list_messages, show, stats
from quartapp.mail.cli.progress_bar import progress_bar
from quartapp.mail.cli.start import Start
from quartapp.mail.cli.stopping import stop_event

if TYPE_CHECKING:
    from quart import Quart

__all__ = ["mail"]


@click.group("mail", short_help="See messages, deliver them, and find out why they wait.")
def mail() -> None:
    """See messages, deliver them, and find out why they wait.

    \b
    quartapp mail stats           how many messages wait, and how long
    quartapp mail list            which messages; --status failed lists those that failed
    quartapp mail show ID         one message, and what the server said to each recipient
    quartapp mail retry ID        try it again; --all for all that failed
    quartapp mail cancel ID       do not try it again
    quartapp mail check           ca messages leave? which step fails, and what to do
    quartapp mail test ADDRESS    send a test message now
    quartapp mail work            deliver messages without serving pages

    All but `work` deliver nothing of the outbox, and work in production as in development. The
    exit code is 0 when it went well, 1 when not, with a sentence that says why, and 2 when the
    command was not understood.
    """


for command in (list_messages, show, stats, retry, cancel, check, test):
    mail.add_command(command)


@mail.command("work", short_help="Deliver messages without serving pages.")
def work() -> None:
    """Deliver messages, without serving pages, until Ctrl-C or SIGTERM.

    Needs no web server. It delivers whatever QUARTAPP_DISPATCH says: set that to false where
    pages are served, and run as many of these as the messages need. A terminal sees a progress bar
    while a backlog drains.

    At the end it finishes the message that the mail server is about to take, and gives back the
    others: a second Ctrl-C does not wait for that.
    """
    app = create_app({"QUARTAPP_DISPATCH": True, "QUARTAPP_PAGES_OPEN": False})
    with Start(app) as start:
        run(_work(app, start))


async def _work(app: Quart, start: Start) -> None:
    stop = stop_event()
    await app.startup()
    start.over()
    settle()
    try:
        click.echo(f"{app.name} delivers messages to {_destination(app)} (Ctrl-C ends)")
        async with progress_bar(app.extensions["mail"]):
            await stop.wait()
    finally:
        await app.shutdown()


def _destination(app: Quart) -> str:
    if app.config["MAIL_BACKEND"] == "mailbox":
        return "the development mailbox"
    return f"{app.config['MAIL_SERVER']}:{app.config['MAIL_PORT']}"
