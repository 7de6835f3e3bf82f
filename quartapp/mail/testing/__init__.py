"""For tests: what was sent, a scriptable SMTP server, a message to send, the suite for transports.

The fixtures are those of the pytest plugin, `quartapp.pytest_plugin`.
"""

from quartapp.mail.smtpd.received import ReceivedMessage, messages_in
from quartapp.mail.smtpd.record import Login
from quartapp.mail.smtpd.script import Phase
from quartapp.mail.smtpd.server import SMTPServer
from quartapp.mail.testing.assertions import assert_nothing_sent, assert_sent
from quartapp.mail.testing.contract import TransportContract
from quartapp.mail.testing.sample import message

__all__ = [
    "Login",
    "Phase",
    "ReceivedMessage",
    "SMTPServer",
    "TransportContract",
    "assert_nothing_sent",
    "assert_sent",
    "message",
    "messages_in",
]

# `-p quartapp.mail.testing` does what the entry point does, which has the plugin by the same name.
pytest_plugins = ("quartapp.pytest_plugin",)
