"""The outbox: messages stored in the database until it is known what became of them."""

from quartapp.mail.outbox.outbox import Outbox
from quartapp.mail.outbox.query.find import Filter
from quartapp.mail.outbox.tables import include_object, metadata

__all__ = ["Filter", "Outbox", "include_object", "metadata"]
