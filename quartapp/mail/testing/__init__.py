"""For tests, ours and yours: a real SMTP server that misbehaves when told to."""

from quartapp.mail.smtpd.received import ReceivedMessage, messages_in
from quartapp.mail.smtpd.record import Login
from quartapp.mail.smtpd.script import Phase
from quartapp.mail.smtpd.server import SMTPServer
from quartapp.mail.testing.sample import message

__all__ = ["Login", "Phase", "ReceivedMessage", "SMTPServer", "message", "messages_in"]
