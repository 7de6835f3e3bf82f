"""smtp-source: Postfix's own load generator in C, the ceiling."""

from __future__ import annotations

import os
import shutil
import subprocess

from benchmarks.stopwatch import Stopwatch

__all__ = ["program", "send"]


def send(port: int, messages: int, sessions: int) -> dict[str, float]:
    """Messages of the same size over connections that stay open."""
    # Not at the top: the rows must load beside a checkout that has no such module.
    from benchmarks.ours.finished import finished

    size = str(len(finished().content))
    command = [program() or "smtp-source", "-d", "-s", str(sessions), "-m", str(messages)]
    with Stopwatch() as watch:
        subprocess.run(  # noqa: S603  # a program of Postfix
            [*command, "-l", size, f"127.0.0.1:{port}"], check=True
        )
    return watch.figures(messages)


def program() -> str | None:
    """Where it is, None if Postfix is not installed."""
    return shutil.which("smtp-source", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
