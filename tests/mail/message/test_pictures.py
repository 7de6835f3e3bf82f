"""Pictures that a message shows inside its HTML."""

from __future__ import annotations

import os
import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail import Message, MessageError
from quartapp.mail.mailbox import read
from quartapp.mail.message.pictures import LARGEST

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def shape(part: Any) -> Any:
    """The types of a message's parts, nested as they are."""
    if part.is_multipart():
        return (part.get_content_subtype(), *map(shape, part.iter_parts()))
    return part.get_content_type()


def sent(**fields: Any) -> Message:
    fields = {"recipients": ["b@example.org"], "sender": "a@example.org", "body": "x", **fields}
    return Message("Hi", **fields)


def test_a_picture_stands_with_the_html_and_a_file_below_the_message() -> None:
    message = sent(html='<img src="cid:logo">')

    assert message.inline(PNG, cid="logo") == "cid:logo"
    message.attach("terms.pdf", data=b"%PDF")

    parsed = message_from_bytes(message.as_bytes(), policy=policy.default)
    related = ("related", "text/html", "image/png")
    assert shape(parsed) == ("mixed", ("alternative", "text/plain", related), "application/pdf")
    (inner,) = [part for part in parsed.walk() if part.get_content_subtype() == "related"]
    assert inner.get_param("type") == "text/html"
    assert message.attachments[0].is_related


def test_a_mailbox_shows_the_picture(tmp_path: Path) -> None:
    (tmp_path / "a logo.png").write_bytes(PNG)
    message = sent()

    message.html = f'<img src="{message.inline(tmp_path / "a logo.png")}">'

    assert "data:image/png;base64," in read(message.as_bytes()).html()
    assert message.attachments[0].filename == "a logo.png"


def test_the_same_picture_is_one_part() -> None:
    message = sent(html="<img>")

    addresses = {message.inline(PNG), message.inline(bytearray(PNG))}

    assert len(addresses) == len(message.attachments) == 1
    assert re.fullmatch(r"cid:[0-9a-f]{32}@inline", *addresses)


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF....WEBP", "image/webp"),
        (b"<svg xmlns=", "image/svg+xml"),
        (b"anything", "application/octet-stream"),
    ],
)
def test_the_kind_of_bytes_is_seen_from_how_they_begin(data: bytes, content_type: str) -> None:
    message = sent()

    message.inline(data)

    assert message.attachments[0].content_type == content_type


def test_no_named_pipe_and_no_endless_file_holds_whoever_adds_a_picture(tmp_path: Path) -> None:
    message, pipe, large = sent(), tmp_path / "pipe.png", tmp_path / "large.png"
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(LARGEST + 1)

    with pytest.raises(MessageError, match=r"^inline cannot read the picture .*no regular file"):
        message.inline(pipe)
    with pytest.raises(MessageError, match=rf"more than {LARGEST} bytes, so attach it by path="):
        message.inline(large)


def test_a_picture_that_cannot_be_used_is_refused_in_a_sentence(tmp_path: Path) -> None:
    message = sent()
    message.inline(PNG, cid="logo")

    with pytest.raises(MessageError, match=r"^inline cannot read the picture .*No such file"):
        message.inline(tmp_path / "missing.png")
    with pytest.raises(MessageError, match=r"^inline has another picture as <logo>: give each"):
        message.inline(PNG + b"x", cid="logo")
    with pytest.raises(MessageError, match=r"^headers\['Content-ID'\] 'a b' is no content id"):
        message.inline(PNG, cid="a b")
    assert len(message.attachments) == 1
