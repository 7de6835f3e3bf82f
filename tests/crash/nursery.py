"""A process that has imported everything once, and forks commands that are ready at once.

Each becomes the leader of a group of its own. When the nursery's input ends, as it does when the
tests are killed, it kills them all.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

__all__ = ["COMMANDS"]

COMMANDS = {
    "quartapp": "quartapp.cli.main:main",
    "hypercorn": "hypercorn.__main__:main",
    "quart": "quart.cli:main",
    "smtp-server": "quartapp.mail.testing.__main__:main",
    "endless": "tests.crash.endless:main",
}
"""What can be started, and where its console script enters it."""

IMPORTED_LATE = (
    "alembic.runtime.environment",
    "alembic.ddl.postgresql",
    "hypercorn.asyncio.run",
    "logging.config",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
)

running: set[int] = set()


def main() -> None:
    """Obey requests until there are no more: one line of JSON each, and one for the answer."""
    for name in (*IMPORTED_LATE, *(entry.partition(":")[0] for entry in COMMANDS.values())):
        importlib.import_module(name)
    gc.freeze()
    try:
        for line in sys.stdin:
            print(json.dumps(obey(json.loads(line))), flush=True)
    finally:
        for pid in running:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def obey(request: dict[str, Any]) -> int | None:
    """Start a command and tell its process id, or tell the exit code of one that has ended."""
    if "ended" in request:
        return ended(request["ended"])
    return born(request)


def born(request: dict[str, Any]) -> int:
    """Start a command and return when it leads its group: who is killed must be one to kill."""
    waiting, leading = os.pipe()
    pid = os.fork()
    if not pid:
        running.clear()
        os.setsid()
        os.close(leading)
        become(**request)
    running.add(pid)
    os.close(leading)
    os.read(waiting, 1)
    os.close(waiting)
    return pid


def ended(pid: int) -> int | None:
    """The exit code, as `subprocess` tells it; None while it is running."""
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return None
    # Whatever it started ends with it.
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    running.discard(pid)
    return os.waitstatus_to_exitcode(status)


def become(command: list[str], environment: dict[str, str], cwd: str, output: str) -> NoReturn:
    """Turn this process into the command, which then ends it as its console script would."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    sys.stdout.reconfigure(line_buffering=True)
    # Processes that it spawns must not begin as another nursery.
    sys.modules["__main__"] = ModuleType("__main__")
    sys.argv = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
    sys.orig_argv = [sys.executable, *sys.argv]
    module, _, function = COMMANDS[command[0]].partition(":")
    sys.exit(getattr(importlib.import_module(module), function)())


if __name__ == "__main__":
    main()
