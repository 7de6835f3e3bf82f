"""`quartapp run`, and the other ways to serve the app."""

from __future__ import annotations

import shutil
import signal
import socket
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
PAGE = r"quartapp is running at (\S+)"


def fetch(url: str) -> str:
    """What a browser gets."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the address is our own
        return answer.read().decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_serves_the_page_until_a_signal_and_ends_well(start, number):
    server = start("quartapp", "run", "--port", "0")

    page = fetch(server.says(PAGE))

    assert "Hello, Stranger!" in page
    assert server.stop(number)[0] == 0


def test_run_prints_the_addresses_of_the_mailbox_and_the_outbox(start):
    server = start("quartapp", "run", "--port", "0")

    mailbox = fetch(server.says(r"Mailbox: (http://\S+/)"))
    outbox = fetch(server.says(r"Outbox: (http://\S+/)"))

    assert "<title>" in mailbox
    assert "<title>" in outbox


def test_run_prints_no_mailbox_where_messages_leave(start):
    server = start("quartapp", "run", "--port", "0", MAIL_SERVER="localhost")

    server.says(PAGE)
    _, said = server.stop(signal.SIGTERM)

    assert "Mailbox" not in said


def test_a_request_that_never_ends_does_not_hold_up_the_end(start, tmp_path):
    settings = tmp_path / "config.toml"
    settings.write_text("graceful_timeout = 0.2")
    server = start("quartapp", "run", "--port", "0", QUARTAPP_CONFIG=str(settings))
    host, port = urlsplit(server.says(PAGE)).netloc.split(":")

    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nname=")
        code, said = server.stop(signal.SIGTERM)

    assert code == 0
    assert "Traceback" not in said


def test_a_second_ctrl_c_ends_at_once(start, tmp_path):
    settings = tmp_path / "config.toml"
    settings.write_text("graceful_timeout = 1000")
    server = start("quartapp", "run", "--port", "0", QUARTAPP_CONFIG=str(settings))
    host, port = urlsplit(server.says(PAGE)).netloc.split(":")

    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nname=")
        server.send(signal.SIGINT)
        server.says("(Stopping)")
        code, _ = server.stop(signal.SIGINT)

    assert code == -signal.SIGINT


def test_a_port_in_use_is_said_in_one_sentence(call):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = call("quartapp", "run", "--port", port)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"127.0.0.1:{port} is in use: choose another port with --port (0 picks a free one).\n"
    )


def test_an_address_of_another_machine_is_said_in_one_sentence(call):
    ended = call("quartapp", "run", "--host", "192.0.2.1", "--port", "0")

    assert ended.returncode == 1
    assert ended.stderr.startswith("cannot listen on 192.0.2.1:0: ")
    assert ended.stderr.count("\n") == 1


def test_an_app_that_cannot_start_says_why_in_one_sentence(call):
    nowhere = "postgresql://127.0.0.1:1/none"

    ended = call("quartapp", "run", "--port", "0", DATABASE_URL=nowhere)

    assert ended.returncode == 1
    assert ended.stderr.startswith("quartapp cannot start: the database cannot be reached: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        ("quartapp", "run", "--port", "0"),
        ("quart", "--app", "quartapp", "run", "--port", "0"),
        ("hypercorn", "-w", "0", "-b", "127.0.0.1:0", "quartapp.asgi:app"),
    ],
    ids=" ".join,
)
def test_production_does_not_start_on_tables_of_an_older_version(call, command):
    production = {"QUARTAPP_ENV": "production", "SECRET_KEY": "x" * 32, "MAIL_SERVER": "localhost"}

    ended = call(*command, **production)

    assert ended.returncode == 1
    assert "the application's tables are missing in " in ended.stderr
    assert ended.stderr.endswith("run quartapp db upgrade\n")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        ("quartapp", "run", "--port", "0"),
        ("quartapp", "run", "--port", "0", "--reload"),
        ("quartapp", "shell"),
        ("quartapp", "db", "current"),
        ("quart", "--app", "quartapp", "run", "--port", "0"),
        ("quart", "--app", "quartapp", "shell"),
        ("hypercorn", "-w", "0", "-b", "127.0.0.1:0", "quartapp.asgi:app"),
        ("hypercorn", "-w", "0", "-b", "127.0.0.1:0", "quartapp:create_app()"),
    ],
    ids=" ".join,
)
def test_a_setting_that_cannot_be_used_is_said_in_one_sentence(call, command):
    ended = call(*command, MAIL_USETLS="1")

    assert ended.returncode == 1
    assert "MAIL_USE_TLS" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        ("hypercorn", "-c", str(ROOT / "config.toml"), "-b", "127.0.0.1:0", "quartapp.asgi:app"),
        ("hypercorn", "-w", "0", "-b", "127.0.0.1:0", "quartapp:create_app()"),
        ("quart", "--app", "quartapp", "run", "--port", "0"),
    ],
    ids=" ".join,
)
def test_other_servers_serve_the_page_too(start, command):
    server = start(*command, QUARTAPP_ENV="development")

    page = fetch(server.says(r"INFO.* Running on (\S+)"))

    assert "Hello, Stranger!" in page


def test_reload_starts_the_app_again_and_lets_it_finish(start, tmp_path):
    settings = tmp_path / "config.toml"
    shutil.copy(ROOT / "config.toml", settings)
    server = start("quartapp", "run", "--port", "0", "--reload", QUARTAPP_CONFIG=str(settings))
    first = server.says(PAGE)

    settings.touch()
    server.says("(Stopping)")
    again = server.says(PAGE)

    assert again == first
    assert "Hello, Stranger!" in fetch(again)
    code, said = server.stop(signal.SIGTERM)
    assert (code, "Traceback" in said) == (0, False)


def test_reload_waits_for_the_mistake_to_be_mended(start, tmp_path):
    settings = tmp_path / "config.toml"
    settings.write_text("")
    server = start("quartapp", "run", "--port", "0", "--reload", QUARTAPP_CONFIG=str(settings))
    server.says(PAGE)

    settings.write_text("MAIL_USETLS = true")
    server.says("(MAIL_USE_TLS)")
    settings.write_text("")

    assert "Hello, Stranger!" in fetch(server.says(PAGE))
    assert server.stop(signal.SIGINT)[0] == 0
