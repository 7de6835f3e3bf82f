"""Our messages against those of the standard library: its parser must read the same in both."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as some

from quartapp.mail import Attachment, Message

if TYPE_CHECKING:
    from email.message import MIMEPart

VISIBLE = some.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"])
ASCII = some.characters(min_codepoint=33, max_codepoint=126)
# The library's writer loses spaces between encoded words, and what looks like one.
SHORT = some.text(VISIBLE, max_size=8)
LONG = some.lists(some.text(ASCII, min_size=1, max_size=30), max_size=12).map(" ".join)
HEADERS = (SHORT | LONG).filter(lambda text: "=?" not in text)
TEXTS = (
    some.text(some.characters(exclude_categories=["Cs", "Cc"]), max_size=400)
    | some.text("ab.= \t\né", max_size=400)
    | some.text("x ", min_size=900, max_size=1200)
)
# The library's writer loses recipients where a long list has encoded names.
PLAIN_NAMES = some.text("abc ,;'()", max_size=40).map(lambda text: " ".join(text.split()))
# Its parser puts a space between the encoded words of a name: these need no more than one.
NAMES = some.text("abc ü,;'()", max_size=8).map(lambda text: " ".join(text.split()))


@dataclass(frozen=True)
class Plan:
    """A message that both are to write."""

    subject: str
    sender: str
    names: list[str]
    body: str
    html: str | None
    data: bytes | None
    note: str = field(default="")

    @property
    def mailboxes(self) -> list[tuple[str, str]]:
        """Names and addresses of the recipients."""
        return [(name, f"user{index}@example.org") for index, name in enumerate(self.names)]


PLANS = some.builds(
    Plan,
    subject=HEADERS,
    sender=NAMES,
    names=some.lists(NAMES, min_size=1, max_size=1)
    | some.lists(PLAIN_NAMES, min_size=2, max_size=12),
    body=TEXTS,
    html=some.none() | TEXTS,
    data=some.none() | some.binary(max_size=300),
    note=HEADERS,
)


def ours(plan: Plan) -> bytes:
    message = Message(
        plan.subject,
        recipients=plan.mailboxes,
        sender=(plan.sender, "a@example.org"),
        body=plan.body,
        html=plan.html,
        date=0,
        extra_headers={"X-Note": plan.note, "Message-ID": "<1@example.org>"},
    )
    if plan.data is not None:
        message.attachments = [Attachment("däta.bin", "application/octet-stream", plan.data)]
    return message.as_bytes()


def theirs(plan: Plan) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = Address(plan.sender, "a", "example.org")
    message["To"] = [Address(name, addr_spec=spec) for name, spec in plan.mailboxes]
    message["Subject"] = plan.subject
    message["Date"] = "Thu, 01 Jan 1970 00:00:00 +0000"
    message["Message-ID"] = "<1@example.org>"
    message["X-Note"] = plan.note
    message.set_content(plan.body)
    if plan.html is not None:
        message.add_alternative(plan.html, subtype="html")
    if plan.data is not None:
        message.add_attachment(
            plan.data, maintype="application", subtype="octet-stream", filename="däta.bin"
        )
    return message.as_bytes()


def shape(part: MIMEPart) -> Any:
    """The parts within parts, each leaf with what it says."""
    if part.is_multipart():
        return part.get_content_type(), [shape(child) for child in part.iter_parts()]
    content = part.get_content()
    if isinstance(content, str):
        # The library ends every text with a line break, at times with one of another kind.
        content = content.replace("\r\n", "\n").rstrip("\n")
    return part.get_content_type(), part.get_content_charset(), part.get_filename(), content


def read(message: bytes) -> tuple[Any, ...]:
    """What the standard library's parser finds in it."""
    found = message_from_bytes(message, policy=policy.default)
    mailboxes = [
        (mailbox.display_name, mailbox.addr_spec)
        for name in ("From", "To")
        for mailbox in found[name].addresses
    ]
    names = ("Subject", "Date", "Message-ID", "X-Note")
    # Where the library folds a header at its start, its parser reads the fold as a space.
    headers = [str(found[name]).strip() for name in names]
    return mailboxes, headers, shape(found)


@settings(max_examples=80, deadline=None)
@given(PLANS)
def test_both_are_read_the_same(plan: Plan) -> None:
    assert read(ours(plan)) == read(theirs(plan))
