"""The log on stderr: what its lines look like and what they keep out."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from contextlib import redirect_stderr
from typing import TYPE_CHECKING

import pytest

from quartapp.mail.cli import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("quartapp.somewhere")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Put the package's logger back as it was found."""
    ours = logging.getLogger("quartapp")
    handlers, level = list(ours.handlers), ours.level
    yield
    ours.handlers[:] = handlers
    ours.setLevel(level)


def test_a_text_line_has_time_level_logger_and_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("text", "INFO")

    logger.info("message %s is sent", "7f3a")

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO quartapp\.somewhere message 7f3a is sent\n",
        capsys.readouterr().err,
    )


def test_a_json_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "INFO")

    logger.warning("Zoë said\n\x1b[31mred")

    entry = json.loads(capsys.readouterr().err)
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "WARNING",
        "logger": "quartapp.somewhere",
        "message": "Zoë said\n\x1b[31mred",
    }


def test_what_a_line_was_logged_with_are_fields_in_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json", "INFO")

    logger.info("told", extra={"id": "7f3a", "code": 451, "level": "forged"})

    entry = json.loads(capsys.readouterr().err)
    assert list(entry) == ["time", "level", "logger", "message", "id", "code"]
    assert (entry["level"], entry["id"], entry["code"]) == ("INFO", "7f3a", 451)


def test_what_a_line_was_logged_with_is_not_in_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "INFO")

    logger.info("told", extra={"id": "7f3a"})

    assert capsys.readouterr().err.endswith(" INFO quartapp.somewhere told\n")


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_servers_words_stay_in_one_line_and_without_controls(
    capsys: pytest.CaptureFixture[str], style: str
) -> None:
    logs.configure(style, "INFO")

    logger.info("reply: %s", "550 no\r\n2026 ERROR forged\x1b[2J\x9b\u2028\u202e\ud800\x7f")

    line = capsys.readouterr().err
    assert line.endswith("\n")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u202e\ud800]", line[:-1])


def test_a_traceback_follows_indented(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "INFO")

    logger.error("it broke", exc_info=ValueError("first\nsecond\x1b[2J"))

    assert capsys.readouterr().err.splitlines()[1:] == [
        "  ValueError: first",
        r"  second\x1b[2J",
    ]


def test_a_traceback_is_a_field_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "INFO")

    logger.error("it broke", exc_info=ValueError("why"))

    assert json.loads(capsys.readouterr().err)["exception"] == "ValueError: why"


def test_what_is_below_the_level_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "WARNING")

    logger.info("unheard")

    assert capsys.readouterr().err == ""


def test_configured_twice_a_line_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "INFO")
    logs.configure("json", "INFO")

    logger.info("once")

    assert json.loads(capsys.readouterr().err)["message"] == "once"


def test_other_loggers_are_left_alone() -> None:
    root, server = logging.getLogger(), logging.getLogger("hypercorn.error")
    before = [(list(other.handlers), other.level) for other in (root, server)]

    logs.configure("text", "DEBUG")

    assert [(list(other.handlers), other.level) for other in (root, server)] == before


def test_lines_go_to_what_is_stderr_at_the_moment() -> None:
    logs.configure("text", "INFO")
    first, second = io.StringIO(), io.StringIO()

    with redirect_stderr(first):
        logger.info("one")
    first.close()
    with redirect_stderr(second):
        logger.info("two")

    assert second.getvalue().endswith("two\n")


def test_without_stderr_nothing_is_written_and_nothing_fails() -> None:
    logs.configure("text", "INFO")
    closed = io.StringIO()
    closed.close()

    with redirect_stderr(closed):
        logger.info("into the void")
    with redirect_stderr(None):
        logger.info("into the void")

    assert sys.stderr is not closed
