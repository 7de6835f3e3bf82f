"""The development mailbox: a server that catches messages, and the Maildir that stores them."""

from quartapp.mail.mailbox.attached import Attached
from quartapp.mail.mailbox.catcher import Catcher
from quartapp.mail.mailbox.chaos import Chaos, Kind, Mischief
from quartapp.mail.mailbox.entry import Entry
from quartapp.mail.mailbox.hints import hints
from quartapp.mail.mailbox.reading import ReadMessage, read
from quartapp.mail.mailbox.store import Store

__all__ = [
    "Attached",
    "Catcher",
    "Chaos",
    "Entry",
    "Kind",
    "Mischief",
    "ReadMessage",
    "Store",
    "hints",
    "read",
]
