"""The key that signs sessions, where none is set: made once and stored in a file."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from quartapp.settings.keys import Secret, SettingError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["stored_secret_key"]


def stored_secret_key(folder: Path) -> Secret:
    """The key in `folder`, made there if there is none; processes that race get the same one.

    Raises `SettingError` if it cannot be read or written.
    """
    path = folder / "secret_key"
    try:
        if not path.exists():
            _make(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise SettingError(
            f"The secret key cannot be stored in {path} ({error}): "
            "set SECRET_KEY, or QUARTAPP_INSTANCE to a folder that can be written."
        ) from None
    if not key:
        raise SettingError(f"{path} is empty: delete it, and a new key is made.")
    return Secret(key)


def _make(path: Path) -> None:
    """Write a whole file under another name, then link it: no process ever reads half a key."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
