"""Commands in an environment of their own: no setting of the machine that runs the tests counts."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.cli.filled import Filled, fill
from tests.cli.inside import Inside
from tests.cli.keyboard import Keyboard
from tests.cli.process import Process, installed, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator


class Quartapp(Protocol):
    """Runs a command with these arguments to its end; settings by name, stdin as `given`."""

    def __call__(
        self, *command: str, given: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What commands see: an instance folder and a home under `tmp_path`, and nothing else."""
    home = tmp_path / "home"
    home.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "QUARTAPP_INSTANCE": str(tmp_path / "instance"),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def call(environment: dict[str, str], tmp_path: Path) -> Quartapp:
    """Run an installed command to its end."""

    def call(*command: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        script, *arguments = command
        return run([installed(script), *arguments], environment | settings, tmp_path, given)

    return call


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start an installed command that goes on; it is ended with the test at the latest."""
    with ExitStack() as stack:

        def start(script: str, *arguments: str, **settings: str) -> Process:
            process = Process([installed(script), *arguments], environment | settings, tmp_path)
            return stack.enter_context(closing(process))

        yield start


@pytest.fixture
def sit_down(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Keyboard]]:
    """Start an installed command at a terminal; it is ended with the test at the latest."""
    with ExitStack() as stack:

        def sit_down(script: str, *arguments: str, **settings: str) -> Keyboard:
            keyboard = Keyboard([installed(script), *arguments], environment | settings, tmp_path)
            return stack.enter_context(keyboard)

        yield sit_down


@pytest.fixture
def quartapp(environment: dict[str, str]) -> Inside:
    """The command inside this process, in an environment of its own."""
    return Inside(environment)


@pytest.fixture(scope="session")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """An outbox with a letter in each state, to be copied."""
    return asyncio.run(fill(tmp_path_factory.mktemp("filled") / "letters.sqlite"))


@pytest.fixture
def filled(filled_once: Filled, sqlite_url: str, environment: dict[str, str]) -> Filled:
    """An outbox with a letter in each state, which commands find as theirs."""
    copy = replace(filled_once, file=Path(sqlite_url.partition("///")[2]))
    shutil.copy(filled_once.file, copy.file)
    environment |= {"DATABASE_URL": sqlite_url, "MAIL_SERVER": "localhost"}
    return copy
