"""What an attachment takes, guesses and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from quartapp.mail import Attachment, BadHeaderError, Message, MessageError

BREAKS = ["\r\n", "\n", "\r", "\0", "\t", "\x7f", "\u2028"]


@pytest.mark.parametrize(
    ("filename", "data", "content_type"),
    [
        ("logo.png", b"x", "image/png"),
        ("REPORT.PDF", b"x", "application/pdf"),
        ("a.tar.gz", b"x", "application/octet-stream"),
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
    assert (attachment.filename, attachment.data) == ("a.txt", b"\xc3\xbc")
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
        ({"data": 5}, "^data of 'a.txt' must be text or bytes"),
        ({"data": "\ud800"}, "^data of 'a.txt' "),
        ({"content_type": "png"}, "^content_type 'png' is not a type of one file"),
        ({"content_type": "multipart/mixed"}, "^content_type 'multipart/mixed' is not a type"),
        ({"disposition": "form-data"}, "^disposition 'form-data' must be"),
        ({"headers": {"Content-ID": "<a b>"}}, r"^headers\['Content-ID'\] '<a b>' is no content"),
        ({"headers": {"Content-Type": "a/b"}}, "^headers must not contain Content-Type: use"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "^headers contains x-a twice"),
    ],
)
def test_what_is_no_file_is_refused_in_a_sentence(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(MessageError, match=words):
        Attachment(**{"filename": "a.txt", "data": b"x", **fields})


def test_a_repr_shows_no_data() -> None:
    assert "secret" not in repr(Attachment("a.txt", data="secret"))
