"""Every field of `Message` and `Attachment`, with anything in it: refused, or read as it was given.

`pytest tests/mail/message/test_fuzz.py --hypothesis-profile=long -n 0 --timeout=0` goes on for
hours, each time with other messages.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from hypothesis import example, given
from hypothesis import strategies as some

from quartapp.mail import Attachment, MailError, Message
from quartapp.mail.addresses import Address
from quartapp.mail.message.encoding import encode
from quartapp.mail.message.parsing import parse
from quartapp.mail.message.structured import Shape, shape_of
from quartapp.mail.settings import MailSettings

if TYPE_CHECKING:
    from email.message import Message as Parsed

    from quartapp.mail.message.encoding import Encoded

LONGEST_LINE = 998
OURS = ("content-type", "content-transfer-encoding")
NAMED = ("In-Reply-To", "References", "List-Unsubscribe", "Importance")


def mostly(good: some.SearchStrategy[Any], *, wild: some.SearchStrategy[Any]) -> Any:
    return some.one_of(good, good, good, wild)


# What may do harm in a header, beside what a text has in it.
HOSTILE = some.text(
    "\r\n\0 \t:;,<>@\"'\\()=?%*[]-_/.a1é€\u202e\U0001f600\x85\u2028\ud800", max_size=60
)
WILD = HOSTILE | some.text(max_size=60) | some.text("a ", min_size=990, max_size=1010)
VISIBLE = some.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"])
WORDS = some.lists(some.text(VISIBLE, min_size=1, max_size=20), max_size=8).map(" ".join)
LONG = some.text("ab é=?.", max_size=1500)
LINE = mostly(WORDS | LONG, wild=WILD)

ATOM = some.text("abcXYZ019.-_+'", min_size=1, max_size=20)
DOMAIN = some.sampled_from(["example.org", "bücher.example", "[192.0.2.1]", f"{'a' * 60}.example"])
SPEC = mostly(some.builds("{}@{}".format, ATOM, DOMAIN), wild=WILD)
# Without an address in them, which would be ambiguous in text and is fine in a pair.
NAME = some.text(some.sampled_from("abc ü€,;'().\"\\=?_-\U0001f600"), max_size=80)
MAILBOX = SPEC | some.tuples(mostly(NAME, wild=WILD), SPEC)
MAILBOXES = some.lists(MAILBOX, max_size=4)

TEXT = (
    some.text(max_size=300)
    | some.text("ab.= \t\r\né\0", max_size=300)
    | some.text("x \n", min_size=900, max_size=1200)
)
TOKEN = some.text("abz019-.+", min_size=1, max_size=12)
SUBTYPE = mostly(TOKEN | some.sampled_from(["html", "calendar; method=REQUEST"]), wild=WILD)
CONTENT_TYPE = some.none() | mostly(
    some.sampled_from(["image/png", "text/plain; charset=latin-1", "message/rfc822", "a/b; c=d"])
    | some.builds("text/{}; {}={}".format, TOKEN, TOKEN, TOKEN)
    | some.builds('application/{}; {}="{}"'.format, TOKEN, TOKEN, WORDS),
    wild=WILD,
)
NAMES = (
    "X-Note Comments Keywords Sender Resent-To Errors-To References Supersedes List-Help List-Id "
    "Archived-At Precedence Auto-Submitted Feedback-ID Organization Date Message-ID In-Reply-To "
    "List-Unsubscribe Importance X-Priority Bcc Content-Type Subject"
)
HEADER_NAMES = mostly(some.sampled_from(NAMES.split(" ")), wild=WILD)
ID = some.builds("<{}@{}>".format, ATOM, some.just("example.org"))
LINK = some.builds("<https://example.org/{}>".format, ATOM)
HEADERS = some.dictionaries(HEADER_NAMES, LINE | ID | LINK | SPEC, max_size=3)
PART_HEADERS = some.dictionaries(
    some.sampled_from(["Content-ID", "Content-Location", "Content-Description", "X-A"]) | WILD,
    LINE | ATOM,
    max_size=2,
)
ATTACHMENT = some.fixed_dictionaries(
    {
        "filename": some.none() | LINE | some.builds("{}.pdf".format, LINE),
        "content_type": CONTENT_TYPE,
        "data": some.binary(max_size=200) | TEXT,
        "disposition": some.none() | mostly(some.sampled_from(["inline", "attachment"]), wild=WILD),
        "headers": some.none() | PART_HEADERS,
    }
)
ZONES = some.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DATES = some.datetimes(min_value=datetime(1900, 1, 2), timezones=ZONES | some.just(UTC))
URL = mostly(
    some.builds("https://example.org/{}?a={},b".format, ATOM, ATOM)
    | some.builds("mailto:{}@example.org?subject={}".format, ATOM, ATOM),
    wild=WILD | some.builds("https://{}".format, WILD) | some.builds("mailto:{}".format, WILD),
)
ANSWERED = some.none() | mostly(some.lists(ID, max_size=60) | ID, wild=WILD)
OPTION = mostly(some.sampled_from(["RET=HDRS", "NOTIFY=NEVER", "SMTPUTF8"]), wild=WILD)

FIELDS = {
    "subject": LINE,
    "recipients": MAILBOXES,
    "body": some.none() | TEXT,
    "html": some.none() | TEXT,
    "alts": some.none() | some.dictionaries(SUBTYPE, TEXT, max_size=2),
    "sender": MAILBOX,
    "cc": MAILBOXES,
    "bcc": MAILBOXES,
    "attachments": some.lists(ATTACHMENT, max_size=2),
    "reply_to": some.none() | MAILBOX,
    "date": some.none() | mostly(DATES, wild=WILD | some.floats()),
    "charset": some.none() | mostly(some.sampled_from(["utf-8", "latin-1", "utf-16"]), wild=WILD),
    "extra_headers": some.none() | HEADERS,
    "mail_options": some.lists(OPTION, max_size=2),
    "rcpt_options": some.lists(OPTION, max_size=2),
    "envelope_from": some.none() | SPEC | some.just("<>"),
    "unsubscribe": some.none() | URL | some.lists(URL, max_size=3),
    "importance": some.none() | mostly(some.sampled_from(["high", "normal", "low"]), wild=WILD),
    "references": ANSWERED,
    "in_reply_to": ANSWERED,
}
# Each by itself, since of many fields one is refused most of the time; and many together.
PLAIN = {"recipients": ["b@example.org"], "sender": "a@example.org", "body": "x"}


def one_field(name: str) -> some.SearchStrategy[dict[str, Any]]:
    return FIELDS[name].map(lambda value: {**PLAIN, name: value})


MESSAGES = some.sampled_from(sorted(FIELDS)).flatmap(one_field) | some.fixed_dictionaries(
    {name: some.just(value) for name, value in PLAIN.items()},
    optional={name: value for name, value in FIELDS.items() if name not in PLAIN},
)


@given(MESSAGES)
@example({**PLAIN, "recipients": [("a" * 1000, "b@example.org")]})
@example({**PLAIN, "extra_headers": {"In-Reply-To": "="}})
@example({**PLAIN, "sender": ('"' * 999, "b@example.org")})
@example({**PLAIN, "attachments": [{"content_type": 'a/b; .=""; c-d=' + "e" * 70, "data": b""}]})
def test_a_message_is_refused_or_read_as_it_was_given(fields: dict[str, Any]) -> None:
    try:
        files = [Attachment(**each) for each in fields.get("attachments") or []]
        message = Message(**{**fields, "attachments": files})
        encoded = encode(message, MailSettings())
    except MailError:
        return

    check_lines(encoded)
    parsed = message_from_bytes(encoded.content)
    check_headers(parsed, message)
    check_texts(parsed, message)
    check_files(parsed, message)
    check_copy(encoded, message)


def check_lines(encoded: Encoded) -> None:
    *lines, end = encoded.content.split(b"\r\n")
    assert end == b""
    assert max(map(len, lines)) <= LONGEST_LINE
    assert not any(re.search(rb"[\r\n\0]", line) for line in lines)


def check_headers(parsed: Parsed, message: Message) -> None:
    """Those that were asked for, each once, with what they were given."""
    extra = dict(message.extra_headers)
    named = [name for name in NAMED if getattr(message, _field(name))]
    if message.importance:
        named.append("X-Priority")
    if any(link.startswith("https") for link in message.unsubscribe):
        named.append("List-Unsubscribe-Post")
    asked = ["From", "Subject", "Date", "Message-ID", "MIME-Version", *OURS, *named, *extra]
    asked += ["To"] if message.recipients or not message.cc else []
    asked += ["Cc"] if message.cc else []
    asked += ["Reply-To"] if message.reply_to else []
    names = {name.lower() for name in asked}
    found = [name.lower() for name in parsed]
    # A multipart has no encoding of its own.
    assert sorted(found) == sorted(names - {OURS[1]} if parsed.is_multipart() else names)

    assert decoded(parsed["Subject"]) == message.subject.strip(" ")
    for name, value in (("To", message.recipients), ("Cc", message.cc)):
        assert people(parsed[name]) == [person(each) for each in value if each]
    assert people(parsed["From"]) == [person(message.sender)]
    if message.date is not None and not isinstance(message.date, str):
        when = message.date
        told = when.timestamp() if isinstance(when, datetime) else when
        assert abs(parsedate_to_datetime(parsed["Date"]).timestamp() - told) <= 1
    if message.unsubscribe:
        links = re.findall("<([^>]*)>", unfolded(parsed["List-Unsubscribe"]))
        assert tuple(links) == message.unsubscribe
    for name in ("References", "In-Reply-To"):
        if name in named:
            assert ids(parsed[name]) == list(getattr(message, _field(name)))
    for name, value in extra.items():
        check_extra(parsed[name], name, value)


def check_extra(found: str, name: str, value: str) -> None:
    match shape_of(name):
        case Shape.TEXT if name.lower() not in ("date", "message-id"):
            assert decoded(found) == value.strip(" ")
        case Shape.TOKENS:
            assert unfolded(found).strip() == value.strip(" ")
        case Shape.IDS if name.lower() != "message-id":
            assert unfolded(found).strip() == value.strip(" ").replace("><", "> <")


def check_texts(parsed: Parsed, message: Message) -> None:
    forms = {**message.alts} if message.body is None else {"plain": message.body, **message.alts}
    expected = sorted(lines_of(text) for text in forms.values()) or [""]
    found = [
        lines_of(octets(part).decode(part.get_content_charset("utf-8")))
        for part in leaves(parsed)
        if not part.get_content_disposition()
    ]
    assert sorted(found) == expected


def check_files(parsed: Parsed, message: Message) -> None:
    found = [part for part in leaves(parsed) if part.get_content_disposition()]
    given = sorted(message.attachments, key=lambda each: not each.is_related or not message.html)
    assert len(found) == len(given)
    for part, file in zip(found, given, strict=True):
        names = {name.lower() for name in (*OURS, "content-disposition", *file.headers)}
        assert sorted(name.lower() for name in part) == sorted(names)
        assert part.get_content_disposition() == file.disposition
        assert (part.get_filename() or None) == file.filename
        if part.get_content_type() != "message/rfc822":
            assert octets(part) == file.octets


def check_copy(encoded: Encoded, message: Message) -> None:
    """What a recorder gets of it."""
    copy = parse(encoded.content, encoded.envelope)
    for name in ("unsubscribe", "importance", "references", "in_reply_to"):
        assert getattr(copy, name) == getattr(message, name)
    assert copy.send_to == message.send_to
    assert len(copy.attachments) == len(message.attachments)
    assert copy.subject == message.subject.strip(" ")
    encode(copy, MailSettings())


def _field(header: str) -> str:
    return "unsubscribe" if header == "List-Unsubscribe" else header.lower().replace("-", "_")


def unfolded(header: str | None) -> str:
    return re.sub(r"\r?\n(?=[ \t])", "", str(header or ""))


def decoded(header: str | None) -> str:
    """Text as a reader shows it."""
    text = unfolded(header).strip(" ")
    return str(make_header(decode_header(text))) if "=?" in text else text


def people(header: str | None) -> list[tuple[str, str]]:
    """Names and addresses as a reader finds them."""
    found = getaddresses([unfolded(header)]) if header and "@" in header else []
    return [(decoded(name), spec) for name, spec in found]


def person(mailbox: Any) -> tuple[str, str]:
    address = Address.read("test", mailbox)
    return address.name, address.spec


def ids(header: str | None) -> list[str]:
    return unfolded(header).split()


def lines_of(text: str) -> str:
    """Text without what the way over SMTP may change: the kind and the last of its line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")


def leaves(parsed: Parsed) -> list[Parsed]:
    """The parts that are no multipart; a message that is attached is one."""
    if parsed.get_content_maintype() != "multipart":
        return [parsed]
    inner = parsed.get_payload()
    assert isinstance(inner, list)
    return [leaf for part in inner for leaf in leaves(part)]


def octets(part: Parsed) -> bytes:
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found
