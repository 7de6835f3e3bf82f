# ruff: noqa: RUF001 -- names with letters that look like others
"""Files and invitations: their types, their names for old readers, and where they stand."""

from __future__ import annotations

import mimetypes
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from quartapp.mail import Attachment, MessageError
from quartapp.mail.message.ascii_names import ascii_name
from quartapp.mail.message.encoding import encode
from quartapp.mail.message.parsing import parse
from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import message

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

INVITATION = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN = "application/vnd.oasis.opendocument"


def read(*, is_ascii: bool = False, **fields: Any) -> EmailMessage:
    content = encode(message(**fields), MailSettings(ascii_attachments=is_ascii)).content
    return message_from_bytes(content, policy=policy.default)


def file(name: str, *, is_ascii: bool = False, content_type: str | None = None) -> MIMEPart:
    (found,) = read(
        is_ascii=is_ascii, attachments=[Attachment(name, content_type, b"x")]
    ).iter_attachments()
    return found


def raw_type(part: MIMEPart) -> str:
    """The type as it is written; of two parameters with one name a parser leaves out the second."""
    return dict(part.raw_items())["Content-Type"]


@pytest.mark.parametrize(
    ("end", "content_type"),
    [
        ("docx", f"{OFFICE}.wordprocessingml.document"),
        ("xlsx", f"{OFFICE}.spreadsheetml.sheet"),
        ("pptx", f"{OFFICE}.presentationml.presentation"),
        ("odt", f"{OPEN}.text"),
        ("ods", f"{OPEN}.spreadsheet"),
        ("ics", "text/calendar"),
        ("webp", "image/webp"),
        ("avif", "image/avif"),
        ("heic", "image/heic"),
        ("md", "text/markdown"),
        ("7z", "application/x-7z-compressed"),
        ("rar", "application/vnd.rar"),
        ("yaml", "application/yaml"),
        ("yml", "application/yaml"),
        ("woff2", "font/woff2"),
        ("csv", "text/csv"),
        ("js", "text/javascript"),
        ("json", "application/json"),
        ("eml", "message/rfc822"),
        ("svg", "image/svg+xml"),
        ("opus", "audio/opus"),
        ("mp4", "video/mp4"),
        ("gz", "application/gzip"),
        ("jfif", "image/jpeg"),
        ("kml", "application/vnd.google-earth.kml+xml"),
        ("pem", "application/pem-certificate-chain"),
        ("vcs", "text/x-vcalendar"),
    ],
)
def test_a_files_type_is_the_same_on_every_machine(end: str, content_type: str) -> None:
    assert Attachment(f"a.{end}", data=b"x").content_type == content_type
    assert Attachment(f"data:,?b/C.{end.upper()}", data=b"x").content_type == content_type


def test_a_type_that_only_this_machine_knows_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    mimetypes.init()
    monkeypatch.setitem(mimetypes.types_map, ".ours", "application/x-ours")

    assert mimetypes.guess_type("a.ours")[0] == "application/x-ours"
    assert Attachment("a.ours", data=b"x").content_type == "application/octet-stream"


@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize("name", ["a.pdf", "a b (1) 100%.pdf", f"{'long ' * 40}.pdf"])
def test_a_name_stands_in_the_type_too(name: str, is_ascii: bool) -> None:
    found = file(name, is_ascii=is_ascii)

    assert found.get_filename() == name
    assert found["Content-Type"].params["name"] == name


def test_a_name_in_any_script_stands_in_the_type_too() -> None:
    found = file("Übersicht 報告.pdf")

    assert found["Content-Type"].params["name"] == found.get_filename() == "Übersicht 報告.pdf"


def test_a_name_that_looks_like_an_encoded_word_is_read_as_it_is() -> None:
    found = file("=?utf-8?q?x?=.txt")

    assert found["Content-Type"].params["name"] == found.get_filename() == "=?utf-8?q?x?=.txt"


def test_a_name_that_the_type_has_already_is_kept() -> None:
    found = file("a.pdf", content_type="application/pdf; name=b.pdf")

    assert (found.get_filename(), raw_type(found)) == ("a.pdf", "application/pdf; name=b.pdf")


@pytest.mark.parametrize(
    ("name", "reduced"),
    [
        ("Straße.pdf", "Strasse.pdf"),
        ("Übersicht 2026.pdf", "Ubersicht 2026.pdf"),
        ("Ærø – Łódź.txt", "AEro - Lodz.txt"),
        ("Œuvre d’été.doc", "OEuvre d'ete.doc"),
        ("Þórður.pdf", "Thordur.pdf"),
        ("Отчёт Щука.pdf", "Otchyot Shchuka.pdf"),
        ("Αθήνα.pdf", "Athina.pdf"),
        ("Rechnung 5€ №3.pdf", "Rechnung 5EUR No3.pdf"),
        ("½／２.pdf", "1-2_2.pdf"),
        ("報告 2026.pdf", "__ 2026.pdf"),
        ("報告.pdf", "attachment.pdf"),
        ("報告", "attachment"),
        ('Der \\„Brief".pdf', "Der _'Brief'.pdf"),
        ("=?utf-8?q?ü?=.pdf", "=_utf-8?q?u?=.pdf"),
        (".profil", "attachment.profil"),
        ("ﬁle²．txt", "file2.txt"),
        (f"{'Straße ' * 70}.pdf", f"{'Strasse ' * 70}.pdf"),
    ],
)
def test_a_name_in_plain_ascii_keeps_its_letters(name: str, reduced: str) -> None:
    written = message(attachments=[Attachment(name, data=b"x")])

    content = encode(written, MailSettings(ascii_attachments=True)).content.decode()

    # As it is, since a parser puts the sections of RFC 2231 together again.
    assert f' filename="{reduced}"\r\n' in content
    assert f' name="{reduced}"\r\n' in content


@settings(max_examples=200, deadline=None)
@given(some.text(some.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300))
def test_a_name_in_plain_ascii_is_never_dropped(name: str) -> None:
    reduced = ascii_name(name)

    assert reduced
    assert reduced.isascii()
    assert reduced.isprintable()
    assert len(reduced) <= 900
    assert not set('"\\') & set(reduced)
    # A name of nothing but slashes is none; no other sign becomes one.
    assert reduced.count("/") <= name.count("/")


def test_a_name_that_no_line_holds_is_cut_before_its_end() -> None:
    found = file(f"{'Щ' * 490}.pdf", is_ascii=True)

    assert found.get_filename() == f"{'Shch' * 225}"[:896] + ".pdf"


@pytest.mark.parametrize(
    "key", ["calendar; method=REQUEST", "Calendar; METHOD=REQUEST; charset=UTF-8"]
)
@pytest.mark.parametrize("is_first", [True, False])
def test_an_invitation_comes_after_the_html(key: str, is_first: bool) -> None:
    alts = [(key, INVITATION), ("html", "<p>Come")]

    parts = list(read(body="Come", alts=alts if is_first else alts[::-1]).iter_parts())

    assert [part.get_content_subtype() for part in parts] == ["plain", "html", "calendar"]
    kind = parts[2]["Content-Type"]
    assert raw_type(parts[2]).lower().count("charset") == 1
    assert (kind.params["method"], kind.params["charset"]) == ("REQUEST", "utf-8")
    assert parts[2].get_content().splitlines() == INVITATION.splitlines()


@pytest.mark.parametrize(
    ("line", "method"),
    [
        ("METHOD:REQUEST", "REQUEST"),
        ("method:cancel", "CANCEL"),
        ("METHOD;X-A=b: REPLY ", "REPLY"),
        ("DESCRIPTION:see\r\n METHOD:REQUEST", None),
        ("X-METHOD:REQUEST", None),
        ("METHOD:", None),
    ],
)
def test_the_method_of_a_calendar_is_said_in_its_type(line: str, method: str | None) -> None:
    text = f"BEGIN:VCALENDAR\r\n{line}\r\nEND:VCALENDAR\r\n"

    form, file = read(
        body=None, alts={"calendar": text}, attachments=[Attachment("invite.ics", data=text)]
    ).iter_parts()

    assert [part["Content-Type"].params.get("method") for part in (form, file)] == [method] * 2


def test_a_method_that_is_given_is_left_alone() -> None:
    (form,) = read(body=None, alts={"calendar; method=PUBLISH": INVITATION}).walk()

    assert raw_type(form) == 'text/calendar; method=PUBLISH; charset="utf-8"'


def test_an_invitation_in_another_charset_than_the_message_is_refused() -> None:
    with pytest.raises(MessageError, match=r"^alts\['calendar; charset=latin-1'\] names another"):
        message(alts={"calendar; charset=latin-1": INVITATION}).as_bytes()


def test_what_readers_must_find_before_the_html_is_there() -> None:
    parts = read(body="x", html="<p>x", alts={"calendar": "x", "html": "x", "x-amp-html": "x"})

    subtypes = [part.get_content_subtype() for part in parts.iter_parts()]
    assert subtypes == ["plain", "x-amp-html", "html", "calendar"]


def test_an_invitation_is_read_from_the_bytes_with_its_method() -> None:
    kind = 'text/calendar; method="REQUEST"; charset="utf-8"'
    written = message(alts={"calendar; method=REQUEST": INVITATION, "html": "<p>Come"})
    written.attach("invite.ics", kind, INVITATION)

    encoded = encode(written, MailSettings())
    again = parse(encoded.content, encoded.envelope)

    assert [*again.alts] == ["html", 'calendar; method="REQUEST"']
    assert again.attachments == written.attachments
