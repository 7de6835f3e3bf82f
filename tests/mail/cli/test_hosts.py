"""The `mail` commands of applications that are not the demo, and of none."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from signal import SIGTERM
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail import MailService, PlainHost
from quartapp.mail.testing import message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = """\
from quart import Quart
from sqlalchemy.ext.asyncio import create_async_engine

from quartapp.mail import Mail

app = Quart(__name__)
app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT={port}, MAIL_DISPATCH=False)
engine = create_async_engine("sqlite+aiosqlite:///{file}")
mail = Mail(app, engine=engine)
"""

LATE_HOST = """\
from quart import Quart
from sqlalchemy.ext.asyncio import create_async_engine

from quartapp.mail import Mail

app = Quart(__name__)
app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT={port})
app.engine = None
mail = Mail(app, engine=lambda: app.engine)


@app.before_serving
async def connect():
    app.engine = create_async_engine("sqlite+aiosqlite:///{file}")


@app.after_serving
async def disconnect():
    await app.engine.dispose()
"""

OWN_COMMAND = """\
import click
from quart import Quart

from quartapp.mail import Mail

app = Quart(__name__)


@app.cli.command("mail")
def own():
    click.echo("the app's own")


Mail(app)
"""

NO_MAIL = """\
from quart import Quart

app = Quart(__name__)
"""

BROKEN = """\
import nothing_of_that_name
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The database of a host, with a table of its own."""
    path = tmp_path / "host.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE users (name TEXT)")
    return path


@pytest.fixture
def write(tmp_path: Path, file: Path, server) -> Callable[[str], None]:
    """Write the module `host` beside the commands."""

    def write(source: str) -> None:
        (tmp_path / "host.py").write_text(source.format(port=server.port, file=file))

    return write


async def queue(file: Path, **settings: Any) -> str:
    """Queue a message for ada@example.com; returns its id."""
    host = PlainHost({"DATABASE_URL": f"sqlite:///{file}", **settings})
    service = MailService(host)
    await service.upgrade()
    delivery = await service.send_later(message(recipients=["ada@example.com"]))
    await service.outbox.database.dispose()
    return delivery.id


def tables(file: Path) -> set[str]:
    """The names of the tables in a database file, without the extension's."""
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in rows if not name.startswith(("mail_", "sqlite_"))}


@pytest.mark.parametrize("program", ["quart", "quartapp"])
async def test_a_hosts_commands_use_its_engine(call, write, file, program):
    write(HOST)
    queued = await queue(file)

    ended = await asyncio.to_thread(call, program, "--app", "host", "mail", "list", "--json")

    assert [told["id"] for told in json.loads(ended.stdout)] == [queued]
    assert ended.stderr == ""


async def test_a_hosts_worker_delivers_whatever_its_dispatch_says(start, write, file, server):
    write(HOST)
    await queue(file)

    worker = start("quart", "--app", "host", "mail", "work")

    [received] = await server.received(1)
    code, said = await asyncio.to_thread(worker.stop, SIGTERM)
    assert (received.recipients, code) == (("ada@example.com",), 0)
    assert "host delivers messages to 127.0.0.1:" in said
    assert tables(file) == {"users"}


async def test_a_hosts_upgrade_makes_the_mail_tables_and_no_others(call, write, file):
    write(HOST)

    before = await asyncio.to_thread(call, "quart", "--app", "host", "mail", "stats")
    ended = await asyncio.to_thread(call, "quart", "--app", "host", "mail", "upgrade")
    after = await asyncio.to_thread(call, "quart", "--app", "host", "mail", "stats")

    assert before.stderr == (
        "The mail tables do not exist yet: run quart --app host mail upgrade\n"
    )
    assert ended.stdout.startswith("mail: created at ")
    assert (ended.returncode, after.returncode) == (0, 0)
    assert tables(file) == {"users"}


async def test_an_engine_that_a_hook_makes_needs_startup_and_the_commands_say_so(
    call, start, write, file, server
):
    write(LATE_HOST)
    await queue(file)

    refused = await asyncio.to_thread(call, "quart", "--app", "host", "mail", "work")
    counted = await asyncio.to_thread(call, "quart", "--app", "host", "mail", "stats", "--startup")
    worker = start("quart", "--app", "host", "mail", "work", "--startup")

    await server.received(1)
    code, said = await asyncio.to_thread(worker.stop, SIGTERM)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "--startup" in refused.stderr
    assert (code, "Traceback" in said) == (0, False)
    rows = dict(line.split(maxsplit=1) for line in counted.stdout.splitlines() if line.strip())
    assert (counted.returncode, rows["queued"]) == (0, "1")


def test_a_host_keeps_its_own_mail_command(call, write):
    write(OWN_COMMAND)

    assert call("quart", "--app", "host", "mail").stdout == "the app's own\n"


def test_an_app_without_mail_is_told_so_in_one_sentence(call, write):
    write(NO_MAIL)

    ended = call("quartapp", "--app", "host", "mail", "list")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "host has no mail: call mail.init_app(app).\n"


@pytest.mark.parametrize(
    ("app", "reason"),
    [
        ("nowhere", "No module named 'nowhere'"),
        ("host:another", "Failed to find attribute 'another' in 'host'."),
        ("broken", "No module named 'nothing_of_that_name'"),
    ],
)
def test_a_wrong_app_is_told_in_one_sentence(call, write, tmp_path, app, reason):
    write(NO_MAIL)
    (tmp_path / "broken.py").write_text(BROKEN)

    ended = call("quartapp", "--app", app, "mail", "list")

    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith(f"--app {app}: ")
    assert reason in ended.stderr


async def test_without_an_app_the_commands_work_on_settings_alone(
    call, start, environment, file, server
):
    environment |= {
        "DATABASE_URL": f"sqlite:///{file}",
        "MAIL_SERVER": server.host,
        "MAIL_PORT": str(server.port),
    }
    upgraded = await asyncio.to_thread(call, "quartapp", "mail", "upgrade")
    queued = await queue(file)

    worker = start("quartapp", "mail", "work")
    [received] = await server.received(1)
    code, _ = await asyncio.to_thread(worker.stop, SIGTERM)
    listed = await asyncio.to_thread(call, "quartapp", "mail", "list", "--json")

    assert upgraded.stdout.startswith("mail: created at ")
    assert (received.recipients, code) == (("ada@example.com",), 0)
    assert [(told["id"], told["status"]) for told in json.loads(listed.stdout)] == [
        (queued, "sent")
    ]
    assert tables(file) == {"users"}


def test_startup_without_an_app_is_not_understood(call):
    ended = call("quartapp", "mail", "work", "--startup")

    assert ended.returncode == 2
    assert "--startup needs an app" in ended.stderr


def test_the_demo_has_the_same_commands_under_quart(call, tmp_path):
    ended = call("quart", "--app", "quartapp", "mail", "upgrade")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("mail: created at ")
    assert tables(tmp_path / "instance" / "quartapp.sqlite") == set()
