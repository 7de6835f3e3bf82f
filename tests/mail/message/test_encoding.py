"""The bytes of a message: what is in them, what never is, and that readers read the same again."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from quartapp.mail import Attachment, BadHeaderError, Message, MessageError
from quartapp.mail.message.encoding import Encoded, Envelope, encode
from quartapp.mail.message.parsing import parse
from quartapp.mail.settings import MailSettings

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

LOGO = {"Content-ID": "logo"}


def encoded(**fields: Any) -> Encoded:
    config = {name: fields.pop(name) for name in ("max_size", "ascii_attachments") & fields.keys()}
    written = {"sender": "a@example.org", "recipients": ["b@example.org"], **fields}
    return encode(Message(**written), MailSettings(**config))


def read(message: Encoded) -> EmailMessage:
    return message_from_bytes(message.content, policy=policy.default)


def tree(part: MIMEPart) -> Any:
    inner = [tree(child) for child in part.iter_parts()]
    return (part.get_content_subtype(), *inner) if inner else part.get_content_type()


def test_the_common_message_reads_as_it_should() -> None:
    message = encode(
        Message("[Flasky] New User", ["admin@example.com"], "Text.", "<p>HTML.", date=0),
        MailSettings(default_sender="Flasky Admin <flasky@example.com>"),
    )

    boundary = read(message).get_boundary()
    assert message.content.decode().replace("\r\n", "\n") == (
        "From: Flasky Admin <flasky@example.com>\n"
        "To: admin@example.com\n"
        "Subject: [Flasky] New User\n"
        "Date: Thu, 01 Jan 1970 00:00:00 +0000\n"
        f"Message-ID: {message.message_id}\n"
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/alternative; boundary="{boundary}"\n'
        f"\n--{boundary}\n"
        'Content-Type: text/plain; charset="utf-8"\n'
        "Content-Transfer-Encoding: 7bit\n"
        f"\nText.\n--{boundary}\n"
        'Content-Type: text/html; charset="utf-8"\n'
        "Content-Transfer-Encoding: 7bit\n"
        f"\n<p>HTML.\n--{boundary}--\n"
    )


def test_the_envelope_names_everybody_once_and_the_bytes_no_bcc() -> None:
    message = encoded(
        sender="Ada <a@example.org>",
        recipients=["Bob <b@Example.org>", "c@example.org"],
        cc=["b@example.org", "d@example.org"],
        bcc=["eve@hidden.example", "c@EXAMPLE.org"],
        mail_options=["RET=HDRS"],
        rcpt_options=["NOTIFY=FAILURE"],
    )

    recipients = ("b@Example.org", "c@example.org", "d@example.org", "eve@hidden.example")
    assert message.envelope == Envelope(
        "a@example.org", recipients, ("RET=HDRS",), ("NOTIFY=FAILURE",)
    )
    assert b"hidden" not in message.content
    assert b"bcc" not in message.content.lower()


def test_a_message_for_bcc_alone_says_that_its_readers_are_not_told() -> None:
    message = encoded(recipients=[], bcc=["eve@hidden.example"])

    assert message.content.startswith(b"From: a@example.org\r\nTo: undisclosed-recipients:;\r\n")
    assert parse(message.content, message.envelope).bcc == ["eve@hidden.example"]


def test_the_message_id_is_on_the_senders_domain() -> None:
    first, second = encoded(sender="a@bücher.example"), encoded(sender="a@bücher.example")

    assert first.message_id.endswith("@xn--bcher-kva.example>")
    assert first.message_id != second.message_id


def test_the_same_message_keeps_its_id() -> None:
    message = Message("Hi", ["b@example.org"])

    first, second = (encode(message, MailSettings(default_sender="a@x.org")) for _ in range(2))

    assert first.message_id == second.message_id == message.msgId


def test_an_international_domain_is_ascii_in_envelope_and_headers() -> None:
    message = encoded(recipients=["Bob <b@bücher.example>"])

    assert message.envelope.recipients == ("b@xn--bcher-kva.example",)
    assert b"\r\nTo: Bob <b@xn--bcher-kva.example>\r\n" in message.content


def test_an_international_mailbox_is_written_in_utf8() -> None:
    message = encoded(recipients=["Zoë <zoë@example.org>"], subject="Grüße")

    assert message.envelope.recipients == ("zoë@example.org",)
    assert "\r\nTo: =?utf-8?b?Wm/Dqw==?= <zoë@example.org>\r\n".encode() in message.content
    assert parse(message.content, message.envelope).recipients == ["Zoë <zoë@example.org>"]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("Hello.\nBye.", "7bit"),
        ("Grüße an alle, die das hier lesen.", "quoted-printable"),
        ("x" * 79, "quoted-printable"),
        ("a\0b, and more of it", "quoted-printable"),
        ("Привет, мир, это письмо.", "base64"),
        ("새로운 사용자가 가입했습니다.", "base64"),
    ],
)
def test_text_is_written_the_shortest_way(body: str, encoding: str) -> None:
    message = encoded(body=body)

    assert f"\r\nContent-Transfer-Encoding: {encoding}\r\n".encode() in message.content
    assert message.content.isascii()
    assert parse(message.content, message.envelope).body == body


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "shift_jis", "iso-2022-jp"])
def test_another_charset_is_written_and_read(charset: str) -> None:
    message = encoded(body="Hello\nWorld", html="<p>ok", charset=charset)

    assert message.content.isascii()
    assert f'charset="{charset}"'.encode() in message.content
    assert parse(message.content, message.envelope).body == "Hello\nWorld"


def test_what_a_charset_cannot_write_is_refused() -> None:
    with pytest.raises(MessageError, match=r"^html cannot be written in iso-8859-1: "):
        encoded(body="ok", html="<p>Привет", charset="iso-8859-1")


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ({}, "text/plain"),
        ({"body": "x"}, "text/plain"),
        ({"html": "x"}, "text/html"),
        ({"body": "x", "html": "x"}, ("alternative", "text/plain", "text/html")),
        (
            {"body": "x", "html": "x", "alts": {"x-amp-html": "x"}},
            ("alternative", "text/plain", "text/x-amp-html", "text/html"),
        ),
        (
            {"attachments": [Attachment("a.pdf", data=b"x")]},
            ("mixed", "text/plain", "application/pdf"),
        ),
        (
            {
                "body": "x",
                "html": "x",
                "attachments": [
                    Attachment("a.pdf", data=b"x"),
                    Attachment("logo.png", data=b"x", disposition="inline", headers=LOGO),
                ],
            },
            (
                "mixed",
                ("alternative", "text/plain", ("related", "text/html", "image/png")),
                "application/pdf",
            ),
        ),
        (
            {
                "body": "x",
                "attachments": [Attachment("i.png", data=b"", disposition="inline", headers=LOGO)],
            },
            ("mixed", "text/plain", "image/png"),
        ),
    ],
)
def test_the_parts_stand_where_readers_look_for_them(fields: dict[str, Any], shape: Any) -> None:
    assert tree(read(encoded(**fields))) == shape


def test_a_picture_inside_the_html_is_found_by_its_id() -> None:
    logo = Attachment("logo.png", data=b"\x89PNG", disposition="inline", headers=LOGO)

    parts = list(read(encoded(html='<img src="cid:logo">', attachments=[logo])).iter_parts())

    assert [part.get_content_type() for part in parts] == ["text/html", "image/png"]
    assert (parts[1]["Content-ID"], parts[1].get_content_disposition()) == ("<logo>", "inline")


def test_a_file_name_in_any_script_is_read_again() -> None:
    name = "報告 " * 30 + '"final" 100%.pdf'

    message = encoded(attachments=[Attachment(name, data=b"x")])

    assert [file.get_filename() for file in read(message).iter_attachments()] == [name]


@pytest.mark.parametrize(
    ("name", "reduced"),
    [("Übersicht 2026.pdf", "Ubersicht 2026.pdf"), ("報告.pdf", "attachment.pdf"), ("é", "e")],
)
def test_file_names_are_reduced_to_ascii_where_the_setting_says_so(name: str, reduced: str) -> None:
    message = encoded(attachments=[Attachment(name, data=b"x")], ascii_attachments=True)

    assert f'Content-Disposition: attachment; filename="{reduced}"'.encode() in message.content


def test_a_message_inside_a_message_is_not_encoded() -> None:
    inner = encoded(body="inside").content

    message = encoded(attachments=[Attachment("a.eml", "message/rfc822", inner)])

    assert inner in message.content
    assert tree(read(message)) == ("mixed", "text/plain", ("rfc822", "text/plain"))


def test_a_message_that_needs_encoding_travels_as_a_file() -> None:
    message = encoded(attachments=[Attachment("a.eml", "message/rfc822", "To: ä".encode())])

    assert tree(read(message)) == ("mixed", "text/plain", "application/octet-stream")


def test_a_message_that_is_too_large_is_refused_with_both_sizes() -> None:
    with pytest.raises(MessageError, match=r"^The message has \d{4} bytes, more than the 1000 of "):
        encoded(body="x" * 2000, max_size=1000)


def test_a_line_break_in_the_default_sender_is_refused() -> None:
    message = Message("Hi", ["b@example.org"])

    with pytest.raises(BadHeaderError, match=r"^sender"):
        encode(message, MailSettings(default_sender="a@example.org\r\nRSET"))


def test_the_bytes_of_a_message_become_the_message_that_it_was() -> None:
    finished = encoded(
        subject="Grüße",
        sender=("Doe, Jane", "jane@example.org"),
        recipients=["Zoë <zoe@example.org>"],
        cc=["c@example.org"],
        bcc=["d@example.org"],
        reply_to="r@example.org",
        body="Text\n",
        html="<p>ü",
        alts={"calendar": "BEGIN:VCALENDAR"},
        date=0,
        extra_headers={"Auto-Submitted": "auto-generated", "X-Note": "ä" * 100},
        attachments=[Attachment("a.txt", data="ü", headers=[("X-Part", "1")])],
    )

    message = parse(finished.content, finished.envelope)

    assert encode(message, MailSettings()).envelope == finished.envelope
    assert (message.subject, message.msgId) == ("Grüße", finished.message_id)
    assert message.sender == '"Doe, Jane" <jane@example.org>'
    assert message.recipients == ["Zoë <zoe@example.org>"]
    assert (message.cc, message.bcc) == (["c@example.org"], ["d@example.org"])
    assert (message.reply_to, message.body) == ("r@example.org", "Text\n")
    assert message.alts == {"calendar": "BEGIN:VCALENDAR", "html": "<p>ü"}
    assert message.extra_headers == {"Auto-Submitted": "auto-generated", "X-Note": "ä" * 100}
    assert message.attachments == [Attachment("a.txt", data="ü", headers={"X-Part": "1"})]
    assert message.date == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    [
        '"ada l" <"a \\"b\\" c"@example.org>',
        "ada@[127.0.0.1]",
        "ada@[IPv6:::1]",
        "root@localhost",
        "zoë@example.org",
        '"Zoë, (the) <first>" <zoë@example.org>',
        "!#$%&'*+-/=?^_`{|}~@example.org",
        "Ada L. <ada@xn--bcher-kva.example>",
    ],
)
def test_every_kind_of_address_is_read_again(address: str) -> None:
    finished = encoded(sender=address, recipients=[address], bcc=["eve@example.org"])

    message = parse(finished.content, finished.envelope)

    assert encode(message, MailSettings()).envelope == finished.envelope
    assert message.bcc == ["eve@example.org"]


characters = some.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
lines = some.text(characters, max_size=250) | some.text('ab c"\\=?_<>,@.;:', max_size=200)
texts = some.text(some.characters(exclude_categories=["Cs"])) | some.text("ab \t\n\r.=é")


def unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=60, deadline=None)
@given(subject=lines, name=lines, note=lines, body=texts, html=texts, data=some.binary())
def test_whatever_is_written_is_read_again(
    subject: str, name: str, note: str, body: str, html: str, data: bytes
) -> None:
    recipients = [(name, "b@example.org"), ("", "c@bücher.example")]
    files = [Attachment("a.bin", data=data)]
    fields = {"extra_headers": {"X-Note": note}, "body": body, "html": html, "attachments": files}

    finished = encoded(subject=subject, recipients=recipients, sender=(name, "a@x.org"), **fields)
    message = parse(finished.content, finished.envelope)

    assert (finished.subject, message.subject) == (subject.strip(" "), subject.strip(" "))
    assert message.extra_headers["X-Note"] == note.strip(" ")
    assert (message.body, message.html) == (unified(body), unified(html))
    assert message.attachments == files
    assert encode(message, MailSettings()).envelope == finished.envelope


@settings(max_examples=60, deadline=None)
@given(subject=lines, name=lines, note=lines, body=texts, file=lines)
def test_whatever_is_written_is_ascii_in_short_lines(
    subject: str, name: str, note: str, body: str, file: str
) -> None:
    message = encoded(
        subject=subject,
        recipients=[(name, "b@example.org")] * 3,
        extra_headers={"X-Note": note},
        body=body,
        attachments=[Attachment(file, data="x")],
    )

    rows = message.content.split(b"\r\n")
    assert message.content.isascii()
    assert max(map(len, rows)) <= 998
    assert all(len(row) <= 76 for row in rows if b"=?utf-8?" in row)
    assert not any(b"\r" in row or b"\n" in row for row in rows)
    assert message.content.endswith(b"\r\n")


@settings(max_examples=40, deadline=None)
@given(subject=lines, name=some.text(characters, max_size=8), file=some.text(characters))
def test_the_standard_librarys_reader_agrees(subject: str, name: str, file: str) -> None:
    attachment = Attachment(f"{file}.bin", data=b"x")

    parsed = read(encoded(subject=subject, sender=(name, "a@x.org"), attachments=[attachment]))

    sender = parsed["From"].addresses[0]
    assert parsed["Subject"] == subject.strip(" ")
    assert (sender.display_name, sender.addr_spec) == (" ".join(name.split()), "a@x.org")
    assert [part.get_filename() for part in parsed.iter_attachments()] == [attachment.filename]
