"""For tests, ours and yours: an SMTP server that misbehaves when told to, and a message to send."""

from quartapp.mail.smtpd.received import ReceivedMessage, messages_in
from quartapp.mail.smtpd.record import Login
from quartapp.mail.smtpd.script import Phase
from quartapp.mail.smtpd.server import SMTPServer
from quartapp.mail.testing.contract import TransportContract
from quartapp.mail.testing.sample import message

__all__ = [
    "Login",
    "Phase",
    "ReceivedMessage",
    "SMTPServer",
    "TransportContract",
    "message",
    "messages_in",
]
