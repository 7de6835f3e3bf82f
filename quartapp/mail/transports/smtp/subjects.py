"""What a reply speaks of: the session, the sender, a recipient, or the message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache

__all__ = [
    "BY_PHASE",
    "SUBJECTS",
    "Subject",
    "SubjectRule",
    "TransactionPhase",
    "rule_for",
    "says_no_mailbox",
    "says_too_many_recipients",
    "speaks_of_number",
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
    cure
        What its operator may do about one about the session.
    """

    subject: Subject
    meaning: str
    codes: tuple[int, ...] = ()
    statuses: tuple[str, ...] = ()
    words: str = ""
    phase: TransactionPhase | None = None
    cure: str = ""

    def holds(self, phase: TransactionPhase, code: int, text: str) -> bool:
        """Whether it is about this reply."""
        if self.phase not in (None, phase) or (self.codes and code not in self.codes):
            return False
        if self.statuses and not self._has_status(_status(text)):
            return False
        if not self.words:
            return True
        return re.search(self.words, _own_words(text), re.IGNORECASE) is not None

    def _has_status(self, status: str) -> bool:
        return status in self.statuses or f"{status.partition('.')[0]}.*" in self.statuses


BY_PHASE = {
    TransactionPhase.MAIL: Subject.SENDER,
    TransactionPhase.RCPT: Subject.RECIPIENT,
    TransactionPhase.DATA: Subject.MESSAGE,
    TransactionPhase.BODY: Subject.MESSAGE,
    TransactionPhase.END_OF_DATA: Subject.MESSAGE,
}
"""What a rejection speaks of unless a rule says otherwise."""

LOG_IN = "set MAIL_USERNAME and MAIL_PASSWORD to a login that it accepts"

SUBJECTS = (
    SubjectRule(
        Subject.SESSION,
        "the server closes the connection",
        codes=(421,),
        cure="check again in some minutes",
    ),
    SubjectRule(
        Subject.SESSION,
        "login or encryption is required, or the login is not good enough (RFC 4954)",
        codes=(432, 525, 530, 534, 535, 538),
        cure=LOG_IN,
    ),
    SubjectRule(
        Subject.SESSION,
        "commands are out of order for this server",
        codes=(503,),
        cure=f"{LOG_IN}, or ask its operator",
    ),
    SubjectRule(
        Subject.SESSION,
        "the server does not know the command",
        codes=(500, 502),
        phase=TransactionPhase.MAIL,
        cure="check MAIL_SERVER and MAIL_PORT",
    ),
    SubjectRule(
        Subject.SESSION,
        "the login could not be checked (RFC 4954)",
        codes=(454,),
        statuses=("7.0",),
        cure="check again in some minutes",
    ),
    SubjectRule(
        Subject.SESSION,
        "login or encryption (RFC 5248; 7.57 is Exchange's)",
        statuses=("7.8", "7.9", "7.10", "7.11", "7.12", "7.13", "7.57"),
        cure=LOG_IN,
    ),
    SubjectRule(
        Subject.SESSION,
        "the reverse name of this host (RFC 7372)",
        statuses=("7.25",),
        cure="give this host's address a name in the DNS, and that name this address",
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
        Subject.SENDER,
        "the sender, as Postfix and Exim say it at RCPT",
        words=r"\bsender (?:address rejected|verify failed)\b",
    ),
    SubjectRule(
        Subject.SESSION,
        "the address of this host, as Postfix and Exchange say it at RCPT",
        codes=(450, 550, 554),
        words=r"\bclient host\b.{0,100}?\b(?:rejected|blocked)\b",
        cure="have its operator accept messages from this host's address",
    ),
    SubjectRule(
        Subject.SESSION,
        "the name that we gave in EHLO or HELO",
        codes=(450, 501, 504, 550, 554),
        words=r"(?<![\w.-])(?:helo|ehlo)(?![\w=-]|\.\w)",
        cure="set MAIL_LOCAL_HOSTNAME to a name of this host that the DNS knows",
    ),
)
"""The first rule that holds decides."""

REPLIES = 8
"""How many replies are remembered as they were taken apart."""

STATUS = re.compile(r"(?:^#?|\(#)[45]\.(\d{1,3}\.\d{1,3})(?![\d.])", re.MULTILINE)
"""Before the text, as RFC 2034 has it; IronPort writes #5.1.1 there, qmail (#5.1.1) anywhere."""

QUOTED = re.compile(r'<[^<>\n]*>|"[^"\n]*"')

TOO_MANY = re.compile(
    r"\btoo many (?:recipients|rcpts?)\b|\bnumber of recipients\b|\brecipients? limit\b",
    re.IGNORECASE,
)
NO_SPACE = re.compile(r"\b(storage|space|disk|quota|full|mailbox)\b", re.IGNORECASE)

NO_MAILBOX = re.compile(r"1\.(?:1|2|3|6|10)|2\.[0-9]+")
"""Statuses about the mailbox that was named, not about who sends to it (RFC 3463)."""

UNKNOWN = re.compile(
    r"\b(?:user|recipient|mailbox) (?:unknown|not found|unavailable)\b"
    r"|\b(?:no such|unknown) (?:user|recipient|mailbox)\b",
    re.IGNORECASE,
)


def subject_of(phase: TransactionPhase, code: int, text: str) -> Subject:
    """What a rejection speaks of.

    text
        The reply without its codes, its enhanced status code included.
    """
    rule = rule_for(phase, code, text)
    return rule.subject if rule else BY_PHASE[phase]


def rule_for(phase: TransactionPhase, code: int, text: str) -> SubjectRule | None:
    """The rule that decides, None where the phase does."""
    return next((rule for rule in SUBJECTS if rule.holds(phase, code, text)), None)


def says_too_many_recipients(code: int, text: str) -> bool:
    """Whether a reply to RCPT may mean the number of recipients (RFC 5321 section 4.5.3.1.10).

    452 means it unless it says something else; any other reply must say so.
    """
    if speaks_of_number(text):
        return True
    return code == 452 and not _status(text) and not NO_SPACE.search(_own_words(text))


def speaks_of_number(text: str) -> bool:
    """Whether a reply says that it is about the number of recipients of a transaction."""
    return _status(text) == "5.3" or TOO_MANY.search(_own_words(text)) is not None


def says_no_mailbox(text: str) -> bool:
    """Whether a reply about a recipient is about its mailbox: not about who sends to it."""
    status = _status(text)
    if status:
        return NO_MAILBOX.fullmatch(status) is not None
    return UNKNOWN.search(_own_words(text)) is not None


# Each rule looks at the same reply.
@lru_cache(REPLIES)
def _status(text: str) -> str:
    """The enhanced status code without its class, "" where there is none."""
    found = STATUS.search(QUOTED.sub(" ", text))
    return found[1] if found else ""


@lru_cache(REPLIES)
def _own_words(text: str) -> str:
    """The server's own words: what others chose, as an address, is left out."""
    return " ".join(word for word in QUOTED.sub(" ", text).split() if "@" not in word)
