"""What importing the package brings along: nothing that its importer may not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = "import sys, {module}; print(*sys.modules)"

HEAVY = {"aiosmtpd", "alembic", "limits", "prometheus_client", "wtforms"}
ROOMS = ("pages", "mailbox", "smtpd", "testing")


def loaded_by(module):
    script = LOADED.format(module=module)
    command = [sys.executable, "-c", script]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.fixture(scope="module")
def loaded():
    """The modules that `import quartapp.mail` loads."""
    return loaded_by("quartapp.mail")


def test_mail_loads_no_page_mailbox_or_test_server(loaded):
    rooms = tuple(f"quartapp.mail.{room}" for room in ROOMS)

    assert [name for name in loaded if name.startswith(rooms)] == []


def test_mail_loads_no_library_that_only_some_need(loaded):
    assert HEAVY & {name.partition(".")[0] for name in loaded} == set()


def test_mail_loads_nothing_of_the_demo(loaded):
    demo = ("application", "cli", "config", "models", "web", "asgi")

    assert loaded & {f"quartapp.{name}" for name in demo} == set()


def test_the_demo_is_loaded_when_it_is_made():
    loaded = loaded_by("quartapp")

    assert not {"quart", "sqlalchemy", "quartapp.application"} & loaded
