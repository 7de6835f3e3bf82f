"""Charsets: written under the names that readers know, and never losing text."""

from __future__ import annotations

import encodings
import pkgutil
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from quartapp.mail import Attachment, Message, MessageError
from quartapp.mail.message.charsets import codec, label
from quartapp.mail.message.encoding import encode
from quartapp.mail.message.parsing import parse
from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import message

NAMES = sorted(module.name for module in pkgutil.iter_modules(encodings.__path__))
LABELS = sorted({found for found in map(label, NAMES) if found})


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("latin-1", "iso-8859-1"),
        ("latin1", "iso-8859-1"),
        ("L9", "iso-8859-15"),
        ("cp1252", "windows-1252"),
        ("cp1251", "windows-1251"),
        ("cp874", "windows-874"),
        ("windows-874", "windows-874"),
        ("cp932", "windows-31j"),
        ("ms-kanji", "windows-31j"),
        ("sjis", "shift_jis"),
        ("ujis", "euc-jp"),
        ("iso2022jp", "iso-2022-jp"),
        ("koi8_r", "koi8-r"),
        ("mac_roman", "macintosh"),
        ("cp437", "ibm437"),
        ("cp858", "ibm00858"),
        ("ascii", "us-ascii"),
        ("UTF8", "utf-8"),
        ("utf_16_le", "utf-16le"),
        ("hz", "hz-gb-2312"),
        ("euc_kr", "euc-kr"),
        ("ISO-8859-1", "iso-8859-1"),
    ],
)
def test_a_charset_is_called_by_its_iana_name(given: str, name: str) -> None:
    written = message(charset=given, body="x")

    part = message_from_bytes(written.as_bytes())

    assert (written.charset, part.get_param("charset")) == (name, name)


@pytest.mark.parametrize("name", LABELS)
def test_text_in_each_charset_is_read_again(name: str) -> None:
    encoded = encode(message(charset=name, body="Tea at four.\nBye."), MailSettings())

    assert f'charset="{name}"'.encode() in encoded.content
    assert parse(encoded.content, encoded.envelope).body == "Tea at four.\nBye."


@pytest.mark.parametrize("name", ["idna", "punycode", "rot13", "hex", "unicode_escape", "charmap"])
def test_what_is_no_charset_is_refused(name: str) -> None:
    with pytest.raises(MessageError, match=r"^charset .* (is unknown|has no IANA name)"):
        Message(charset=name)


@pytest.mark.parametrize("name", ["cp949", "cp950", "utf-8-sig", "mac-cyrillic", "koi8-t", "johab"])
def test_a_charset_without_an_iana_name_is_refused(name: str) -> None:
    assert codec(name)
    with pytest.raises(MessageError, match=r"^charset .* has no IANA name by which readers know"):
        Message(charset=name)
    with pytest.raises(MessageError, match=r"^content_type has a charset"):
        Attachment("a.txt", f"text/plain; charset={name}", "x")


@pytest.mark.parametrize("name", ["shift_jis", "euc_jp"])
@pytest.mark.parametrize("text", ["¥500", "Tea ‾ four"])
def test_a_charset_that_would_change_the_text_is_refused(name: str, text: str) -> None:
    with pytest.raises(MessageError, match=r"^html cannot be written in .*: "):
        message(html=text, charset=name).as_bytes()
    with pytest.raises(MessageError, match=r"^data of 'a.txt' must be text or bytes: "):
        Attachment("a.txt", f"text/plain; charset={name}", text)


@pytest.mark.parametrize("data", ["Grüße", "Grüße".encode("cp1252")])
def test_the_type_of_a_file_has_the_iana_name_too(data: str | bytes) -> None:
    written = message()
    written.attach("a.txt", "text/plain; charset=cp1252", data)

    part = message_from_bytes(written.as_bytes(), policy=policy.default).get_payload(1)

    assert part.get_param("charset") == "windows-1252"
    assert part.get_content() == "Grüße"


def test_bytes_in_a_charset_that_python_does_not_know_keep_their_label() -> None:
    written = message()
    written.attach("a.txt", "text/plain; charset=x-user-defined", b"x")

    assert b"charset=x-user-defined" in written.as_bytes()


@settings(max_examples=150, deadline=None)
@given(some.sampled_from(LABELS), some.text(some.characters(exclude_categories=["Cs"])))
def test_text_in_any_charset_is_refused_or_read_again(name: str, text: str) -> None:
    written = message(html=text, charset=name)
    try:
        encoded = encode(written, MailSettings())
    except MessageError:
        return

    html = parse(encoded.content, encoded.envelope).html
    assert html == text.replace("\r\n", "\n").replace("\r", "\n")
