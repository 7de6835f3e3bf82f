"""The record of runs: what was measured, when and on what, stored as JSON next to the table."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, TypedDict

from benchmarks.sinks import name_of_sink

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.rounds import Measured

__all__ = ["Entry", "Record"]

PACKAGES = (
    *("quart", "hypercorn", "uvloop", "sqlalchemy", "aiosqlite", "asyncpg", "aiosmtplib"),
    *("flask", "gunicorn", "flask-mail", "flask-mailman", "fastapi-mail"),
    *("django", "django-mailer", "django-post_office"),
)


class Entry(TypedDict):
    """One comparison as it was measured last."""

    at: str
    machine: str
    load: str
    sink: str
    rounds: int
    scale: float
    packages: str
    measured: Measured


class Record:
    """A file with the last entry of each comparison, by name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries: dict[str, Entry] = json.loads(path.read_text()) if path.exists() else {}

    def store(self, name: str, measured: Measured, rounds: int, scale: float) -> None:
        """Replace the comparison's entry."""
        self.entries[name] = {
            "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "machine": _machine(),
            "load": f"{os.getloadavg()[2]:.1f}",
            "sink": name_of_sink(),
            "rounds": rounds,
            "scale": scale,
            "packages": ", ".join(filter(None, map(_version, PACKAGES))),
            "measured": measured,
        }
        self._path.write_text(json.dumps(self.entries, indent=1) + "\n")


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""
