"""The development mailbox of one app: its messages, its chaos and its SMTP server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail.mailbox.catcher import Catcher
from quartapp.mail.mailbox.chaos import Chaos
from quartapp.mail.mailbox.store import Store

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Mailbox"]


class Mailbox:
    """What `MAIL_BACKEND=mailbox` delivers to. Several processes share one by sharing its folder.

    folder
        The app's folder; the Maildir is made in it when the first message comes.
    max_size
        The largest message taken, in bytes.
    """

    def __init__(self, folder: Path, max_size: int) -> None:
        self.store = Store(folder / "mailbox")
        self.chaos = Chaos(folder / "chaos.json")
        self._max_size = max_size

    def __repr__(self) -> str:
        return f"<Mailbox {self.store!r}>"

    def catcher(self) -> Catcher:
        """The SMTP server that puts messages into it, to be opened with `async with`."""
        return Catcher(self.store, self._max_size, self.chaos)
