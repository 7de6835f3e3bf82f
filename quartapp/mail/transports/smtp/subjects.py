"""What a reply speaks of: the session, the sender, a recipient, or the message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

__all__ = [
    "BY_PHASE",
    "SUBJECTS",
    "Subject",
    "SubjectRule",
    "TransactionPhase",
    "says_too_many_recipients",
    "subject_of",
]


class Subject(StrEnum):
    """What a reply speaks of. One about the session pauses the server and rejects nothing."""

    SESSION = "session"
    SENDER = "sender"
    RECIPIENT = "recipient"
    MESSAGE = "message"


class TransactionPhase(IntEnum):
    """How far a message has come. What is lost before the end of data was certainly not sent."""

    MAIL = 1
    RCPT = 2
    DATA = 3
    BODY = 4
    END_OF_DATA = 5


@dataclass(frozen=True, slots=True)
class SubjectRule:
    """Replies that speak of something, whatever they reply to; each condition must hold.

    codes
        Any where there are none.
    statuses
        Subject and detail of enhanced status codes (RFC 3463): "7.8" for 4.7.8 and 5.7.8, "6.*"
        for 4.6.0 and all that begin like it.
    words
        What the text holds. Addresses and what is quoted, which anybody may choose, are left out.
    phase
        The only phase at which it holds.
    """

    subject: Subject
    meaning: str
    codes: tuple[int, ...] = ()
    statuses: tuple[str, ...] = ()
    words: str = ""
    phase: TransactionPhase | None = None

    def holds(self, phase: TransactionPhase, code: int, text: str) -> bool:
        """Whether it is about this reply."""
        if self.phase not in (None, phase) or (self.codes and code not in self.codes):
            return False
        status = _status(text)
        kind = f"{status.partition('.')[0]}.*"
        if self.statuses and status not in self.statuses and kind not in self.statuses:
            return False
        return re.search(self.words, _own_words(text), re.IGNORECASE) is not None


BY_PHASE = {
    TransactionPhase.MAIL: Subject.SENDER,
    TransactionPhase.RCPT: Subject.RECIPIENT,
    TransactionPhase.DATA: Subject.MESSAGE,
    TransactionPhase.BODY: Subject.MESSAGE,
    TransactionPhase.END_OF_DATA: Subject.MESSAGE,
}
"""What a rejection speaks of unless a rule says otherwise."""

SUBJECTS = (
    SubjectRule(Subject.SESSION, "the server closes the connection", codes=(421,)),
    SubjectRule(
        Subject.SESSION,
        "login or encryption is required, or the login is not good enough (RFC 4954)",
        codes=(432, 530, 534, 535, 538),
    ),
    SubjectRule(Subject.SESSION, "commands are out of order for this server", codes=(503,)),
    SubjectRule(
        Subject.SESSION,
        "the server does not know the command",
        codes=(500, 502),
        phase=TransactionPhase.MAIL,
    ),
    SubjectRule(
        Subject.SESSION,
        "the login could not be checked (RFC 4954)",
        codes=(454,),
        statuses=("7.0",),
    ),
    SubjectRule(
        Subject.SESSION,
        "login, encryption, or the reverse name of this host (RFC 5248, RFC 7372)",
        statuses=("7.8", "7.9", "7.10", "7.11", "7.12", "7.25"),
    ),
    SubjectRule(
        Subject.SENDER,
        "the sender's address or domain is not accepted (RFC 3463)",
        statuses=("1.7", "1.8"),
    ),
    SubjectRule(
        Subject.SENDER,
        "DKIM, SPF, or the sender's domain receives no mail (RFC 7372, RFC 7505)",
        statuses=("7.20", "7.21", "7.22", "7.23", "7.24", "7.26", "7.27"),
    ),
    SubjectRule(
        Subject.MESSAGE,
        "its size or its form (RFC 3463)",
        statuses=("2.3", "3.4", "6.*"),
    ),
    SubjectRule(
        Subject.SESSION,
        "the name that we gave in EHLO or HELO",
        codes=(450, 501, 504, 550, 554),
        words=r"\b(helo|ehlo)\b",
    ),
)
"""The first rule that holds decides."""

STATUS = re.compile(r"^[45]\.(\d{1,3}\.\d{1,3})(?![\d.])", re.MULTILINE)
QUOTED = re.compile(r'<[^<>\n]*>|"[^"\n]*"')

TOO_MANY = re.compile(r"too many recipients", re.IGNORECASE)
NO_SPACE = re.compile(r"\b(storage|space|disk|quota|full|mailbox)\b", re.IGNORECASE)


def subject_of(phase: TransactionPhase, code: int, text: str) -> Subject:
    """What a rejection speaks of.

    text
        The reply without its codes, its enhanced status code included.
    """
    rules = (rule.subject for rule in SUBJECTS if rule.holds(phase, code, text))
    return next(rules, BY_PHASE[phase])


def says_too_many_recipients(code: int, text: str) -> bool:
    """Whether a reply to RCPT may mean the number of recipients (RFC 5321 section 4.5.3.1.10).

    452 means it unless it says something else; any other reply must say so.
    """
    status = _status(text)
    if status == "5.3" or TOO_MANY.search(_own_words(text)):
        return True
    return code == 452 and not status and not NO_SPACE.search(text)


def _status(text: str) -> str:
    """The enhanced status code without its class, "" where there is none."""
    found = STATUS.search(text)
    return found[1] if found else ""


def _own_words(text: str) -> str:
    """The server's own words: what others chose, as an address, is left out."""
    return " ".join(word for word in QUOTED.sub(" ", text).split() if "@" not in word)
