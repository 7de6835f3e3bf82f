"""The `quartapp` command as such, and what importing the package does."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from quartapp.cli.main import main

# Ends the program as soon as it touches what only create_app may touch.
WATCHED_IMPORT = """\
import os, sys, sysconfig

libraries = tuple(sysconfig.get_paths().values()) + (sys.prefix, sys.base_prefix)

def watch(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"{event} {arguments}")
    if event == "open" and is_ours(os.fspath(arguments[0])):
        raise SystemExit(f"opened {arguments[0]}")

def is_ours(path):
    return not (path.endswith((".py", ".pyc")) or path.startswith(libraries))

class Watched(dict):
    def __getitem__(self, name):
        raise SystemExit(f"read {name}")
    get = __contains__ = __iter__ = __getitem__

# What it needs of others is imported now, so that only our own modules are watched.
import {module}
for name in [name for name in sys.modules if name.partition(".")[0] == "quartapp"]:
    del sys.modules[name]

sys.addaudithook(watch)
os.environ = Watched()
import {module}
"""


HEAVY = """\
import sys
{statement}
print(sys.modules.keys() & {"quart", "sqlalchemy", "hypercorn", "alembic", "quartapp.mail"})
"""

COMMANDS = [
    (),
    ("run",),
    ("shell",),
    ("db",),
    ("db", "upgrade"),
    ("db", "current"),
    ("mail", "work"),
    ("mail", "upgrade"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command):
    ended = CliRunner().invoke(main, [*command, "--help"], prog_name="quartapp")

    assert ended.exit_code == 0
    assert ended.output.startswith("Usage: quartapp")
    assert ended.output.count("\n") > 4


@pytest.mark.parametrize(
    "command", [("rn",), ("mail", "lst"), ("mail", "list", "--limit", "few"), ("mail", "retry")]
)
def test_a_command_that_is_not_understood_says_so_and_ends_with_2(call, command):
    ended = call("quartapp", *command)

    assert ended.returncode == 2
    assert "Error: " in ended.stderr


def test_the_version_is_the_packages(call):
    assert call("quartapp", "--version").stdout == f"quartapp {version('quartapp')}\n"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "from quartapp.cli.main import main; main(['--help'], standalone_mode=False)",
            id="quartapp --help",
        ),
        pytest.param(
            "from quartapp.cli.main import main; main(['--version'], standalone_mode=False)",
            id="quartapp --version",
        ),
        pytest.param(
            "from importlib.metadata import entry_points\n"
            "for point in entry_points(group='quart.commands'): point.load()",
            id="quart loads its plugins",
        ),
    ],
)
def test_what_everybody_waits_for_loads_no_library(statement):
    program = HEAVY.replace("{statement}", statement)

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert ended.stdout.splitlines()[-1] == "set()", ended.stderr


def test_app_goes_with_the_mail_commands_alone(call):
    ended = call("quartapp", "--app", "another", "run")

    assert ended.returncode == 2
    assert "--app goes with the mail commands." in ended.stderr


@pytest.mark.parametrize(
    "module", ["quartapp", "quartapp.mail", "quartapp.web", "quartapp.cli.shell"]
)
def test_importing_touches_no_file_no_environment_and_no_socket(module):
    program = WATCHED_IMPORT.replace("{module}", module)

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (ended.returncode, ended.stderr) == (0, "")
