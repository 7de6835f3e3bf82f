"""For tests: a scriptable SMTP server, a message to send, and the suite for transports."""

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
