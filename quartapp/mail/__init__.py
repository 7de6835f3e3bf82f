"""Mail that an async web app cannot lose."""

from quartapp.database import Database
from quartapp.mail import signals
from quartapp.mail.clients import client_network
from quartapp.mail.delivery.connection import Connection
from quartapp.mail.errors import (
    BadHeaderError,
    DeliveryError,
    MailError,
    MessageError,
    MessageVetoed,
    OutboxUnavailable,
    PermanentError,
    TransientError,
    UncertainError,
)
from quartapp.mail.handle import Mail, mail, send_email
from quartapp.mail.host import Host, PlainHost
from quartapp.mail.message.attachment import Attachment
from quartapp.mail.message.message import Message
from quartapp.mail.message.sanitize import (
    FlaskMailUnicodeDecodeError,
    force_text,
    sanitize_address,
    sanitize_addresses,
    sanitize_subject,
)
from quartapp.mail.operator import Operator
from quartapp.mail.outbox import Filter, include_object, metadata
from quartapp.mail.outbox.delivery import Delivery, Receipt, Recipient
from quartapp.mail.outbox.query.views import Attempt, Figures, History, Minute, Page
from quartapp.mail.outbox.report import Report
from quartapp.mail.outbox.states import Action, Status
from quartapp.mail.outbox.workers import WorkerState
from quartapp.mail.service import MailService
from quartapp.mail.signals import (
    email_dispatched,
    message_cancelled,
    message_deferred,
    message_failed,
    message_queued,
    message_sent,
    message_uncertain,
)
from quartapp.mail.templating import RenderedTemplate
from quartapp.mail.transports import Transport

__all__ = [
    "Action",
    "Attachment",
    "Attempt",
    "BadHeaderError",
    "Connection",
    "Database",
    "Delivery",
    "DeliveryError",
    "Figures",
    "Filter",
    "FlaskMailUnicodeDecodeError",
    "History",
    "Host",
    "Mail",
    "MailError",
    "MailService",
    "Message",
    "MessageError",
    "MessageVetoed",
    "Minute",
    "Operator",
    "OutboxUnavailable",
    "Page",
    "PermanentError",
    "PlainHost",
    "Receipt",
    "Recipient",
    "RenderedTemplate",
    "Report",
    "Status",
    "TransientError",
    "Transport",
    "UncertainError",
    "WorkerState",
    "client_network",
    "email_dispatched",
    "force_text",
    "include_object",
    "mail",
    "message_cancelled",
    "message_deferred",
    "message_failed",
    "message_queued",
    "message_sent",
    "message_uncertain",
    "metadata",
    "sanitize_address",
    "sanitize_addresses",
    "sanitize_subject",
    "send_email",
    "signals",
]
