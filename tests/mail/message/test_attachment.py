"""What an attachment takes, guesses and refuses."""

from __future__ import annotations

from email import message_from_bytes
from email.utils import collapse_rfc2231_value
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from quartapp.mail import Attachment, BadHeaderError, Message, MessageError

BREAKS = ["\r\n", "\n", "\r", "\0", "\t", "\x7f", "\u2028"]


@pytest.mark.parametrize(
    ("filename", "data", "content_type"),
    [
        ("logo.png", b"x", "image/png"),
        ("REPORT.PDF", b"x", "application/pdf"),
        ("a.tar.gz", b"x", "application/gzip"),
        ("a.tar.Z", b"x", "application/octet-stream"),
        ("unknown.thing", "x", "application/octet-stream"),
        (None, "x", "text/plain"),
        (None, b"x", "application/octet-stream"),
    ],
)
def test_the_content_type_is_guessed_from_the_name(
    filename: str | None, data: str | bytes, content_type: str
) -> None:
    assert Attachment(filename, data=data).content_type == content_type


def test_attach_makes_one_from_flask_mails_arguments() -> None:
    message = Message()

    message.attach("a.txt", "text/plain; charset=utf-8", "ü", "inline", {"X-A": "1"})

    (attachment,) = message.attachments
    assert (attachment.filename, attachment.data) == ("a.txt", "ü")
    assert attachment.octets == b"\xc3\xbc"
    assert attachment.content_type == "text/plain; charset=utf-8"
    assert (attachment.disposition, attachment.headers) == ("inline", {"X-A": "1"})


@pytest.mark.parametrize("headers", [{"Content-ID": "logo"}, [["Content-Id", "<logo>"]]])
def test_a_content_id_gets_its_brackets(headers: Any) -> None:
    attachment = Attachment("a.png", data=b"x", disposition="inline", headers=headers)

    assert attachment.content_id == "<logo>"
    assert attachment.is_related


@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.parametrize(
    ("field", "spoil"),
    [
        ("filename", lambda x: f"a{x}X-A: b.txt"),
        ("content_type", lambda x: f"text/plain{x}X-A: b"),
        ("disposition", lambda x: f"inline{x}X-A: b"),
        ("headers", lambda x: {"X-A": f"b{x}X-B: c"}),
        ("headers", lambda x: {f"X-A{x}X-B": "c"}),
        ("headers", lambda x: {"Content-ID": f"<logo{x}X-A: b>"}),
    ],
)
def test_no_field_takes_a_line_break(field: str, spoil: Any, broken: str) -> None:
    fields: dict[str, Any] = {"data": b"x", field: spoil(broken)}

    with pytest.raises(BadHeaderError, match=f"^{field}"):
        Attachment(**fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"data": None}, "^data of 'a.txt' is missing: give text or bytes"),
        ({"data": 5}, "^data of 'a.txt' must be text, bytes or .*, not int: .*path="),
        ({"data": iter([b"x"])}, "^data of 'a.txt' must be text, bytes or .*, not list_iterator: "),
        ({"data": "\ud800"}, "^data of 'a.txt' "),
        ({"content_type": "png"}, "^content_type 'png' is not a type of one file"),
        ({"content_type": "multipart/mixed"}, "^content_type 'multipart/mixed' is not a type"),
        ({"disposition": "form-data"}, "^disposition 'form-data' must be"),
        ({"headers": {"Content-ID": "<a b>"}}, r"^headers\['Content-ID'\] '<a b>' is no content"),
        ({"headers": {"Content-Type": "a/b"}}, "^headers must not contain Content-Type: use"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "^headers contains x-a twice"),
        ({"headers": {"X Ä": "1"}}, "^headers has a header name"),
        ({"headers": {"X(a)": "1"}}, "^headers has a header name"),
        ({"headers": {"Content-Location": "ä"}}, r"^headers\['Content-Location'\] .* ASCII"),
        ({"headers": {"Content-Location": "x" * 999}}, r"^headers\['Content-Location'\]"),
        ({"filename": "x" * 501}, "^filename .* has 501 characters"),
        ({"content_type": "text/plain; charset"}, "^content_type .* malformed parameters"),
        ({"content_type": "text/plain; name=ä"}, "^content_type .* malformed parameters"),
        ({"content_type": 'text/plain; name="a'}, "^content_type .* malformed parameters"),
        ({"content_type": "text/plain; name=a b"}, "^content_type .* malformed parameters"),
        ({"content_type": 'text/plain; name*="a b"'}, "^content_type .* malformed parameters"),
        ({"content_type": "text/plain; a=1; A=2"}, "^content_type .* parameter twice"),
        ({"content_type": "text/plain; boundary=a"}, "^content_type .* boundary"),
        ({"content_type": "text/plain; name=" + "x" * 999}, "^content_type .* is not a type"),
        ({"content_type": "text/plain; charset=idna", "data": "x"}, "^content_type has a charset"),
        ({"content_type": "text/plain; charset=ascii", "data": "ä"}, "^data of 'a.txt' must"),
    ],
)
def test_what_is_no_file_is_refused_in_a_sentence(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(MessageError, match=words):
        Attachment(**{"filename": "a.txt", "data": b"x", **fields})


@pytest.mark.parametrize(
    ("name", "value"), [("X-A\r\nBcc", "b"), ("X-Ä", "b"), ("X-A", "b\r\nBcc: c"), ("X-A", "\0")]
)
def test_headers_that_changed_later_are_checked_when_the_message_is_composed(
    name: str, value: str
) -> None:
    message = Message(recipients=["b@example.org"], sender="a@example.org")
    message.attach("a.txt", data="x")
    message.attachments[0].headers[name] = value

    with pytest.raises(BadHeaderError, match=r"^attachments\[0\].headers"):
        message.as_bytes()


@pytest.mark.parametrize(
    ("content_type", "parameters"),
    [
        ("text/plain", {}),
        ("text/plain; charset=utf-8;", {"charset": "utf-8"}),
        ('TEXT/x-a; name="a; \\"b\\".txt"', {"name": 'a; "b".txt'}),
        ('text/plain; name="' + "long " * 30 + '"', {"name": "long " * 30}),
        ("text/plain; name*=utf-8''%C3%A4", {"name": "ä"}),
        ("text/calendar; method=REQUEST; charset=utf-8", {"method": "REQUEST"}),
    ],
)
def test_parameters_come_out_as_they_were_given(
    content_type: str, parameters: dict[str, str]
) -> None:
    message = Message(recipients=["b@example.org"], sender="a@example.org", body="x")
    message.attach(None, content_type, "x")

    part = message_from_bytes(message.as_bytes()).get_payload(1)

    assert part.get_content_type() == content_type.partition(";")[0].lower()
    found = {name: collapse_rfc2231_value(part.get_param(name)) for name in parameters}
    assert found == parameters


def test_text_is_stored_in_the_charset_that_its_type_names() -> None:
    assert Attachment("a.txt", "text/plain; charset=iso-8859-1", "ü").octets == b"\xfc"


NAMES = some.text("aZ-_Ä: (\r\n\0", max_size=12) | some.sampled_from(["X-A", "Content-Location"])
VALUES = some.text(" aä;\"\\'%*=?\r\n\t\0\u2028,", max_size=20) | some.text(
    "x ", min_size=900, max_size=1100
)
TYPES = some.text("a/;= \"\\*'%ä\r\n", max_size=20).map("text/plain;".__add__) | VALUES


@settings(max_examples=150, deadline=None)
@given(VALUES, TYPES, some.dictionaries(NAMES, VALUES, max_size=3))
def test_whatever_an_attachment_is_given_is_refused_or_written_well(
    filename: str, content_type: str, headers: dict[str, str]
) -> None:
    message = Message(recipients=["b@example.org"], sender="a@example.org", body="body")
    try:
        message.attach(filename, content_type, b"data", "attachment", headers)
    except MessageError:
        return

    content = message.as_bytes()

    body, part = message_from_bytes(content).get_payload()
    assert all(len(line) <= 998 and line.isascii() for line in content.split(b"\r\n"))
    assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
    assert (body.get_payload(decode=True), part.get_payload(decode=True)) == (b"body", b"data")
    ours = {"content-type", "content-transfer-encoding", "content-disposition"}
    assert {name.lower() for name in part} == ours | {name.lower() for name in headers}
    assert (part.get_filename() or "") == filename.strip()


def test_a_repr_shows_no_data() -> None:
    assert "secret" not in repr(Attachment("a.txt", data="secret"))
