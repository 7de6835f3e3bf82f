"""Mail that an async web app cannot lose."""

from quartapp.mail.attachment import Attachment
from quartapp.mail.connection import Connection
from quartapp.mail.current import mail, send_email
from quartapp.mail.delivery import Delivery, Receipt, Recipient, Status
from quartapp.mail.errors import (
    BadHeaderError,
    DeliveryError,
    MailError,
    MessageError,
    PermanentError,
    TransientError,
    UncertainError,
)
from quartapp.mail.message import Message
from quartapp.mail.outbox import include_object, metadata
from quartapp.mail.service import Mail
from quartapp.mail.signals import (
    email_dispatched,
    message_deferred,
    message_failed,
    message_queued,
    message_sent,
)

__all__ = [
    "Attachment",
    "BadHeaderError",
    "Connection",
    "Delivery",
    "DeliveryError",
    "Mail",
    "MailError",
    "Message",
    "MessageError",
    "PermanentError",
    "Receipt",
    "Recipient",
    "Status",
    "TransientError",
    "UncertainError",
    "email_dispatched",
    "include_object",
    "mail",
    "message_deferred",
    "message_failed",
    "message_queued",
    "message_sent",
    "metadata",
    "send_email",
]
