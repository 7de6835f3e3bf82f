"""What a reply speaks of: the table, as a table."""

from __future__ import annotations

import pytest

from quartapp.mail.transports.smtp.subjects import (
    Subject,
    TransactionPhase,
    says_no_mailbox,
    says_too_many_recipients,
    subject_of,
)

MAIL, RCPT, DATA, BODY, END_OF_DATA = TransactionPhase
SESSION, SENDER, RECIPIENT, MESSAGE = Subject

# As servers say it: what it speaks of at MAIL, RCPT, DATA, and at the end of data.
BY_PHASE = (SENDER, RECIPIENT, MESSAGE, MESSAGE)
REPLIES = [
    ("550 no", BY_PHASE),
    ("554 5.7.1 <bob@example.com>: Recipient address rejected: Access denied", BY_PHASE),
    ("451 4.7.1 Greylisted", BY_PHASE),
    ("450 4.2.1 mailbox is busy", BY_PHASE),
    ("454 4.7.1 Relay access denied", BY_PHASE),
    ("550 5.1.1 <bob@example.com>: User unknown", BY_PHASE),
    ("550 5.7.80 beyond the table", BY_PHASE),
    ("550 5.17.8 beyond the table", BY_PHASE),
    ("550 see 5.7.8", BY_PHASE),
    ("504 Parameter not implemented", BY_PHASE),
    ("550 5.7.0 Local policy violation", BY_PHASE),
    ("501 Syntax error", BY_PHASE),
    ("550 #5.1.0 Address rejected.", BY_PHASE),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", BY_PHASE),
    ("550 5.1.2 helo.example: Host or domain name not found", BY_PHASE),
    ("550 5.1.2 my-helo: Host or domain name not found", BY_PHASE),
    ("550 5.7.1 SPF: 192.0.2.7 may not send for example.com (helo=box)", BY_PHASE),
    ("421 4.3.2 Shutting down", [SESSION] * 4),
    ("421 4.7.28 Too much mail", [SESSION] * 4),
    ("432 4.7.12 A password transition is needed", [SESSION] * 4),
    ("503 5.5.1 Bad sequence of commands", [SESSION] * 4),
    ("530 5.7.0 Must issue a STARTTLS command first", [SESSION] * 4),
    ("530 SMTP authentication is required.", [SESSION] * 4),
    ("534 5.7.9 Please log in with your web browser", [SESSION] * 4),
    ("535 Authentication failed", [SESSION] * 4),
    ("538 5.7.11 Encryption required", [SESSION] * 4),
    ("538 Encryption required", [SESSION] * 4),
    ("534 Please log in with your web browser", [SESSION] * 4),
    ("525 User Account Disabled", [SESSION] * 4),
    ("432 A password transition is needed", [SESSION] * 4),
    ("454 4.7.0 Temporary authentication failure", [SESSION] * 4),
    ("525 5.7.13 User Account Disabled", [SESSION] * 4),
    ("550 5.7.8 Credentials invalid", [SESSION] * 4),
    ("550 4.7.8 The class of the status is another", [SESSION] * 4),
    ("550 5.7.57 Client not authenticated to send mail", [SESSION] * 4),
    ("550 #5.7.8 Credentials invalid", [SESSION] * 4),
    ("550-<5.7.8@example.com> is nobody\n550 5.7.8 Credentials invalid", [SESSION] * 4),
    ("550 bad HELO/EHLO", [SESSION] * 4),
    ("554 5.7.9: Mechanism too weak", [SESSION] * 4),
    ("523 5.7.10 Encryption needed", [SESSION] * 4),
    ("550 5.7.11 Encryption required", [SESSION] * 4),
    ("450 4.7.12 A password transition is needed", [SESSION] * 4),
    ("550 5.7.13 User Account Disabled", [SESSION] * 4),
    ("450 4.7.25 Client host rejected: cannot find your reverse hostname", [SESSION] * 4),
    ("550-Rejected\n550 5.7.8 Credentials invalid", [SESSION] * 4),
    ("554 5.7.1 <box[192.0.2.7]>: Client host rejected: Access denied", [SESSION] * 4),
    ("450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.7]", [SESSION] * 4),
    (
        "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using list.example.org",
        [SESSION] * 4,
    ),
    ("554 5.7.1 <client host rejected@x.org>: Recipient address rejected", BY_PHASE),
    ("504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname", [SESSION] * 4),
    ("550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", [SESSION] * 4),
    ("450 4.7.1 <box>: Helo command rejected: Host not found", [SESSION] * 4),
    ("501 Syntactically invalid EHLO argument(s)", [SESSION] * 4),
    ("550 5.1.8 <ada@example.com>: Sender address rejected: Domain not found", [SENDER] * 4),
    ("501 5.1.7 Bad sender address syntax", [SENDER] * 4),
    ("451 #4.1.8 Domain of sender address <ada@example.com> does not resolve", [SENDER] * 4),
    ("553 5.7.1 <ada@x.org>: Sender address rejected: not owned by user bob", [SENDER] * 4),
    ("550-Verification failed for <ada@example.com>\n550 Sender verify failed", [SENDER] * 4),
    ("550 5.7.20 No passing DKIM signature found", [SENDER] * 4),
    ("550 5.7.21 No acceptable DKIM signature found", [SENDER] * 4),
    ("550 5.7.22 No valid author-matched DKIM signature found", [SENDER] * 4),
    ("550 5.7.23 SPF validation failed", [SENDER] * 4),
    ("451 4.7.24 SPF validation error", [SENDER] * 4),
    ("550 5.7.26 Multiple authentication checks failed", [SENDER] * 4),
    ("550 5.7.27 Sender address has null MX", [SENDER] * 4),
    ("552 5.3.4 Message size exceeds fixed limit", [MESSAGE] * 4),
    ("552 5.2.3 Message length exceeds administrative limit", [MESSAGE] * 4),
    ("552 sorry, that message size exceeds my databytes limit (#5.3.4)", [MESSAGE] * 4),
    ("554 5.6.0 Malformed", [MESSAGE] * 4),
    ("553 5.6.7 SMTPUTF8 is needed", [MESSAGE] * 4),
]


def split(reply):
    """A reply's code and the text of its lines."""
    code = int(reply[:3])
    return code, "\n".join(line[4:] for line in reply.split("\n"))


@pytest.mark.parametrize(("reply", "subjects"), REPLIES, ids=[reply for reply, _ in REPLIES])
def test_a_reply_speaks_of_what_the_table_says(reply, subjects):
    code, text = split(reply)

    found = [subject_of(phase, code, text) for phase in (MAIL, RCPT, DATA, END_OF_DATA)]

    assert found == list(subjects)
    assert subject_of(BODY, code, text) is found[-1]


@pytest.mark.parametrize("code", [500, 502])
def test_a_server_that_does_not_know_mail_serves_nobody(code):
    assert subject_of(MAIL, code, "what?") is SESSION
    assert subject_of(RCPT, code, "what?") is RECIPIENT


@pytest.mark.parametrize(
    "text",
    [
        "5.1.1 <helo@example.com>: User unknown",
        "No such user: ehlo@example.com",
        'No such user: "helo"',
        "no helot here",
    ],
)
def test_nobody_makes_a_reply_about_helo_with_an_address(text):
    assert subject_of(RCPT, 550, text) is RECIPIENT


@pytest.mark.parametrize(
    ("reply", "is_it"),
    [
        ("452 4.5.3 Error: too many recipients", True),
        ("452 Too many recipients", True),
        ("452 Not so many, please", True),
        ("552 5.5.3 Too many", True),
        ("552 Too many recipients", True),
        ("451 4.5.3 wait", True),
        ("550 Too Many Recipients", True),
        ("421 4.5.3 Too many recipients", True),
        ("451 Too many RCPTs in one message", True),
        ("450 4.7.1 Maximum number of recipients exceeded", True),
        ("452 4.3.0 Recipient limit reached", True),
        ("452 too many recipients (#4.5.3)", True),
        ("452 not so many for full@example.com", True),
        ("452 4.2.2 Mailbox full", False),
        ("452 4.3.1 Insufficient system storage", False),
        ("452 Requested action not taken: insufficient system storage", False),
        ("452 4.4.5 Try again later", False),
        ("552 Not so many, please", False),
        ("552 5.2.2 Mailbox full", False),
        ("552 Requested mail action aborted: exceeded storage allocation", False),
        ("552 5.3.4 Message too big", False),
        ("421 4.7.0 too many errors", False),
        ("450 4.1.1 <too many recipients@example.com>: unknown", False),
    ],
)
def test_what_may_mean_too_many_recipients(reply, is_it):
    assert says_too_many_recipients(*split(reply)) is is_it


@pytest.mark.parametrize(
    ("text", "is_it"),
    [
        ("5.1.1 no such user", True),
        ("#5.1.1 bad address", True),
        ("sorry, no mailbox here by that name (#5.1.1)", True),
        ("4.2.2 mailbox full", True),
        ("No such user here", True),
        ("Recipient unknown", True),
        ("5.7.1 Unknown user, and relay access denied", False),
        ("relay not permitted", False),
        ("no such user@example.com", False),
    ],
)
def test_what_is_about_a_mailbox_alone(text, is_it):
    assert says_no_mailbox(text) is is_it
