"""The outbox: messages stored in the database until they reach a final state."""

import quartapp.mail.outbox.logins  # noqa: F401  # its table belongs to the metadata
from quartapp.mail.outbox.outbox import Outbox
from quartapp.mail.outbox.query.find import Filter
from quartapp.mail.outbox.tables import include_object, metadata

__all__ = ["Filter", "Outbox", "include_object", "metadata"]
