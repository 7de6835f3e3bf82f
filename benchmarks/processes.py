"""Processes: every variant, server and sink has one of its own, and none outlives its use."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.variant import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ROOT", "finish", "free_port", "running", "script", "wait_for_port", "work"]

ROOT = Path(__file__).parent.parent
PATIENCE = 20.0
LONGEST_WORK = 900.0


def work(function: str, **arguments: Any) -> dict[str, Any]:
    """Call a function in a process of its own and return what it returns.

    function
        Such as "benchmarks.peers.flask_mail:bulk"; arguments and result pass as JSON.
    """
    command = [sys.executable, "-m", "benchmarks.work", function, json.dumps(arguments)]
    done = subprocess.run(  # noqa: S603  # our own interpreter and module
        command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_WORK, check=False
    )
    if done.returncode:
        raise Failed(f"{function} failed: {done.stderr.strip()[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def finish(command: list[str], environment: Mapping[str, str]) -> None:
    """Run a command to its end. Raises `Failed` with what it said where it fails."""
    done = subprocess.run(  # noqa: S603  # commands of this package only
        command,
        cwd=ROOT,
        env=os.environ | dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{command} failed: {done.stderr.strip()[-2000:]}")


@contextmanager
def running(
    command: list[str], output: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block runs; what it says goes to a file."""
    with output.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603  # commands of this package only
            command,
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(environment or {}),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def script(name: str) -> str:
    """The path of a console script of this environment."""
    return str(Path(sys.executable).parent / name)


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    """Wait until the port is open. Raises `Failed` if the process ends, or says nothing."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise Failed(f"nothing listens on {port}: {output.read_text(errors='replace')[-2000:]}")
