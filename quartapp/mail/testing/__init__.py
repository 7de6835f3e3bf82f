"""For tests, ours and yours: a real SMTP server that misbehaves when told to."""

from quartapp.mail.testing.received import ReceivedLetter, letters_in
from quartapp.mail.testing.record import Login
from quartapp.mail.testing.sample import letter
from quartapp.mail.testing.script import Phase
from quartapp.mail.testing.server import SMTPServer

__all__ = ["Login", "Phase", "ReceivedLetter", "SMTPServer", "letter", "letters_in"]
