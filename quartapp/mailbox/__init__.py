"""The development mailbox: a server that catches letters, and the Maildir that keeps them."""

from quartapp.mailbox.catcher import Catcher
from quartapp.mailbox.chaos import Chaos, Kind, Mischief
from quartapp.mailbox.entry import Entry
from quartapp.mailbox.hints import hints
from quartapp.mailbox.letter import Attached, Letter, read
from quartapp.mailbox.store import Store

__all__ = [
    "Attached",
    "Catcher",
    "Chaos",
    "Entry",
    "Kind",
    "Letter",
    "Mischief",
    "Store",
    "hints",
    "read",
]
