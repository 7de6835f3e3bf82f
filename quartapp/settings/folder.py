"""Where an application keeps its files when no setting says so, and who else can read them."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = ["default_folder", "warn_of_readers"]

logger = logging.getLogger(__name__)


def default_folder(instance: str | Path, name: str) -> Path:
    """The app's instance folder, or the platform's folder for data where the app is installed.

    An installed app's instance folder is `var/NAME-instance` in its environment, which people
    delete to make a new one, with all messages in it.
    """
    path = Path(instance).absolute()
    is_installed = path.name == f"{name}-instance" and path.parent.name == "var"
    return _data() / name if is_installed else path


@cache
def warn_of_readers(folder: Path) -> None:
    """Say once in a process that others on this machine can read what is in a folder of ours."""
    with suppress(OSError):
        if os.name == "posix" and folder.stat().st_mode & 0o077:
            logger.warning(
                "others on this machine may look into %s, where messages and keys are stored: "
                "chmod 700 it",
                folder,
            )


def _data() -> Path:
    """Where programs of this user keep their data."""
    home = Path.home()
    match sys.platform:
        case "win32":
            return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        case "darwin":
            return home / "Library" / "Application Support"
        case _:
            # The XDG base directory specification: relative paths are invalid and ignored.
            given = Path(os.environ.get("XDG_DATA_HOME") or "")
            return given if given.is_absolute() else home / ".local" / "share"
