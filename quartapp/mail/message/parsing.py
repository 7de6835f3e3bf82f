"""From the bytes of a encoded message back to a `Message`."""

from __future__ import annotations

import re
from email import message_from_string
from email.header import decode_header, make_header
from email.message import Message as Parsed
from email.utils import collapse_rfc2231_value
from typing import TYPE_CHECKING

from quartapp.mail.addresses import NULL_SENDER, Address, Mailbox, listed, phrase, unquoted
from quartapp.mail.message.address_list import grouped
from quartapp.mail.message.charsets import codec
from quartapp.mail.message.fields import moment
from quartapp.mail.message.folding import parameter
from quartapp.mail.message.message import Message
from quartapp.mail.message.named_headers import FIELDS, fields_of
from quartapp.mail.message.structured import COMMENT, Shape, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quartapp.mail.message.encoding import Envelope

__all__ = ["parse"]

WRITTEN = frozenset(
    {"from", "to", "cc", "reply-to", "subject", "date", "message-id", "mime-version"}
    | {"content-type", "content-transfer-encoding", "content-disposition"}
)
FOLD = re.compile(r"\r?\n(?=[ \t])")


def parse(content: bytes, envelope: Envelope) -> Message:
    """A encoded message back as a message.

    envelope
        Whoever it names and the headers do not is a bcc.
    """
    parsed = message_from_string(content.decode())
    named = _named_headers(parsed)
    to, cc = _mailboxes(parsed, "To"), _mailboxes(parsed, "Cc")
    message = Message(
        subject=_line(parsed, "Subject"),
        recipients=to,
        cc=cc,
        bcc=_hidden(envelope, [*to, *cc]),
        sender=_mailboxes(parsed, "From")[0],
        reply_to=next(iter(_mailboxes(parsed, "Reply-To")), None),
        date=moment("Date", parsed["Date"]),
        extra_headers=_extra_headers(parsed, named),
        mail_options=envelope.mail_options,
        rcpt_options=envelope.rcpt_options,
        **fields_of(named),
    )
    if envelope.sender != Address.read("From", message.sender).spec:
        message.envelope_from = envelope.sender or NULL_SENDER
    message.msgId = parsed["Message-ID"].strip()
    _read(parsed, message)
    return message


def _line(parsed: Parsed, name: str) -> str:
    """A header as it was before it was written: decoded where people read it, and only there."""
    line = FOLD.sub("", parsed.get(name, "")).strip(" ")
    match shape_of(name):
        case Shape.TEXT:
            return _decoded(line)
        case Shape.ADDRESS | Shape.ADDRESSES:
            return ", ".join(_listed(name, line))
        case Shape.NAMED_ID if "<" in line:
            written, _, bare = line.rpartition("<")
            return f"{phrase(_decoded(unquoted(written.strip())))} <{bare}".strip()
        case Shape.LINKS:
            return COMMENT.sub(lambda found: _decoded_comment(found[0]), line)
        case _:
            return line


def _listed(place: str, line: str) -> Iterator[str]:
    """Addresses and groups, with their names decoded."""
    for group, members in grouped(place, line):
        read = ", ".join(_mailbox(place, each) for each in members)
        name = "" if group is None else f"{phrase(_decoded(group))}:"
        yield read if group is None else f"{' '.join(filter(None, (name, read)))};"


def _decoded_comment(item: str) -> str:
    return item if item.startswith("<") else f"({_decoded(item[1:-1])})"


def _decoded(text: str) -> str:
    return str(make_header(decode_header(text))) if "=?" in text else text


def _mailboxes(parsed: Parsed, name: str) -> list[Mailbox]:
    line = FOLD.sub("", parsed.get(name, ""))
    # The standard library's readers of addresses differ between versions of Python.
    return [_mailbox(name, written) for written in listed(line) if "@" in written]


def _mailbox(place: str, written: str) -> str:
    name, bracket, spec = written.removesuffix(">").rpartition("<")
    if not bracket:
        return Address.read(place, written).spec
    # Decoded first: encoded, a name may be longer than any that is read.
    return str(Address.read(place, (_decoded(unquoted(name.strip(" "))), spec)))


def _hidden(envelope: Envelope, named: list[Mailbox]) -> list[Mailbox]:
    seen = {Address.read("header", mailbox).key for mailbox in named}
    return [spec for spec in envelope.recipients if Address.read("envelope", spec).key not in seen]


def _named_headers(parsed: Parsed) -> dict[str, str]:
    """Headers that fields of the message wrote: they stand before its Message-ID."""
    names = [name.lower() for name in parsed]
    ours = names[: names.index("message-id")]
    return {name: _line(parsed, name) for name in ours if name in FIELDS}


def _extra_headers(parsed: Parsed, named: dict[str, str]) -> dict[str, str]:
    known = WRITTEN | set(named)
    return {name: _line(parsed, name) for name in parsed if name.lower() not in known}


def _read(part: Parsed, message: Message) -> None:
    if part.get_content_maintype() == "multipart":
        for inner in _inner(part):
            _read(inner, message)
    elif part.get_content_disposition():
        _read_file(part, message)
    elif part.get_content_type() == "text/plain" and message.body is None:
        message.body = _text(part, message)
    else:
        subtype = _kind(part, "charset").partition("/")[2]
        message.alts = {**message.alts, subtype: _text(part, message)}


def _inner(part: Parsed) -> list[Parsed]:
    return [inner for inner in part.get_payload() if isinstance(inner, Parsed)]


def _read_file(part: Parsed, message: Message) -> None:
    headers = {name: _line(part, name) for name in part if name.lower() not in WRITTEN}
    kind, disposition = _kind(part, "name"), part.get_content_disposition()
    message.attach(part.get_filename(), kind, _octets(part), disposition, headers)


def _kind(part: Parsed, left_out: str) -> str:
    """The content type with its parameters but one, which is known otherwise."""
    kind, given = part.get_content_type(), []
    for name, value in part.get_params([])[1:]:
        if "*" in name:
            # One that the standard library cannot decode.
            given.append(f"{name}={value}")
        elif name.lower() != left_out:
            given += parameter(name, collapse_rfc2231_value(value))
    return "; ".join([kind, *given])


def _octets(part: Parsed) -> bytes:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    return b"".join(message.as_bytes() for message in _inner(part))


def _text(part: Parsed, message: Message) -> str:
    message.charset = part.get_content_charset("utf-8")
    text = _octets(part).decode(codec(message.charset) or "utf-8").replace("\r\n", "\n")
    return text.removesuffix("\n") if _ends_the_message(part) else text


def _ends_the_message(part: Parsed) -> bool:
    """Whether the part is all of the message, whose last line gets a line break on the way."""
    return "MIME-Version" in part and part["Content-Transfer-Encoding"] != "base64"
