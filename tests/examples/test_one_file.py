"""The example of one file works in an environment that has nothing but the wheel."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.fixtures.process import Process, run

EXAMPLES = Path(__file__).parents[2] / "examples"
# The wheel may have to be built first.
pytestmark = pytest.mark.timeout(180)

STAFF = "Basic " + base64.b64encode(b"grace:open sesame").decode()


@pytest.fixture
def folder(tmp_path):
    """The examples, far from the checkout."""
    for example in EXAMPLES.glob("*.py"):
        shutil.copy(example, tmp_path)
    return tmp_path


@pytest.fixture
def environment(folder):
    """Nothing of the machine that runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONUNBUFFERED": "1",
        "STAFF_PASSWORD": "open sesame",
    }


def serve(commands):
    """The command that serves the app in one process, on a port that it says when it is open."""
    hypercorn = [str(commands / "python"), "-m", "hypercorn", "--workers", "0"]
    return [*hypercorn, "--bind", "127.0.0.1:0", "one_file:app"]


def fetch(url, form=None, **headers):
    """What a browser gets: the status and the text."""
    data = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - the address is our own
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_file_is_short_and_imports_nothing_but_the_extension():
    lines = (EXAMPLES / "one_file.py").read_text().splitlines()

    assert {line for line in lines if "quartapp" in line} == {
        "from quartapp.mail import Mail, Message"
    }
    assert len([line for line in lines if line]) <= 50


def test_a_message_goes_from_the_form_to_the_mailbox(elsewhere, environment, folder):
    quart = [str(elsewhere / "quart"), "--app", "one_file"]
    serving = environment | {"QUART_MAIL_DISPATCH": "false"}
    run([*quart, "mail", "upgrade"], environment, folder)

    with closing(Process(serve(elsewhere), serving, folder)) as server:
        url = server.says(r"Running on (\S+)")
        fetch(f"{url}/", {"email": "ada@example.com"})
        listed = run([*quart, "mail", "list", "--json"], environment, folder)
        with closing(Process([*quart, "mail", "work"], environment, folder)) as worker:
            worker.says(r"(message \S+ sent)")
            code, _ = worker.stop(signal.SIGTERM)
        _, mailbox = fetch(f"{url}/mailbox/messages.json", Authorization=STAFF)
        _, outbox = fetch(f"{url}/outbox/", Authorization=STAFF)
        server.stop(signal.SIGTERM)

    assert [each["status"] for each in json.loads(listed.stdout)] == ["queued"]
    assert code == 0
    assert [each["subject"] for each in json.loads(mailbox)] == ["Welcome"]
    assert "Welcome" in outbox


def test_the_pages_are_behind_the_apps_own_sign_in(elsewhere, environment, folder):
    with closing(Process(serve(elsewhere), environment, folder)) as server:
        url = server.says(r"Running on (\S+)")
        answers = [
            fetch(f"{url}/{page}/", Authorization=login)[0]
            for page in ("outbox", "mailbox")
            for login in ("", STAFF)
        ]

    assert answers == [401, 200, 401, 200]
