"""What a `Message` takes, what it refuses, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from quartapp.mail import BadHeaderError, Message, MessageError

BREAKS = ["\r\n", "\n", "\r", "\0", "\t", "\x0b", "\x1b", "\x7f", "\x85", "\u2028", "\ud800"]


def message(**fields: Any) -> Message:
    return Message(**{"sender": "a@example.org", "recipients": ["b@example.org"], **fields})


def test_a_message_is_written_in_the_chapters_own_words() -> None:
    msg = Message("test subject", sender="you@example.com", recipients=["you@example.com"])

    msg.body = "text body"
    msg.html = "<b>HTML</b> body"

    assert "Subject: test subject\r\n" in msg.as_string()
    assert msg.as_string().index("text body") < msg.as_string().index("<b>HTML</b> body")


def test_the_arguments_come_in_flask_mails_order() -> None:
    first: list[Any] = ["subject", ["to@x.org"], "body", "<p>html", {"calendar": "BEGIN"}]
    second: list[Any] = [("Ada", "a@x.org"), ["cc@x.org"], ["bcc@x.org"], [], "reply@x.org"]
    third: list[Any] = [5.0, "utf-8", {"X-A": "1"}, ["RET=HDRS"], ["NOTIFY=NEVER"]]

    msg = Message(*first, *second, *third)

    assert (msg.subject, msg.body, msg.html) == ("subject", "body", "<p>html")
    assert (msg.sender, msg.reply_to, msg.date) == ("Ada <a@x.org>", "reply@x.org", 5.0)
    assert msg.alts == {"calendar": "BEGIN", "html": "<p>html"}
    assert msg.send_to == {"to@x.org", "cc@x.org", "bcc@x.org"}
    assert (msg.mail_options, msg.rcpt_options) == (["RET=HDRS"], ["NOTIFY=NEVER"])


SPOILT: list[tuple[str, Any]] = [
    ("subject", lambda x: f"Hello{x}Bcc: eve@example.org"),
    ("sender", lambda x: f"a@example.org{x}Bcc: eve@example.org"),
    ("sender", lambda x: f"Ada{x}Bcc: eve <a@example.org>"),
    ("sender", lambda x: (f"Ada{x}", "a@example.org")),
    ("reply_to", lambda x: f"a@example.org{x}"),
    ("recipients", lambda x: [f"a{x}@example.org"]),
    ("recipients", lambda x: [("Ada", f"a@example.org{x}x")]),
    ("cc", lambda x: [f"a@example.org{x}"]),
    ("bcc", lambda x: [f"{x}a@example.org"]),
    ("extra_headers", lambda x: {"X-A": f"one{x}X-B: two"}),
    ("extra_headers", lambda x: {f"X-A{x}X-B": "one"}),
    ("mail_options", lambda x: [f"RET=HDRS{x}RSET"]),
    ("rcpt_options", lambda x: [f"NOTIFY=NEVER{x}RSET"]),
    ("alts", lambda x: {f"calendar{x}X-A: b": "text"}),
    ("charset", lambda x: f"utf-8{x}"),
]


@pytest.mark.parametrize("broken", BREAKS)
def test_no_field_takes_a_line_break(broken: str) -> None:
    refusals = [(field, given := spoil(broken), refusal(field, given)) for field, spoil in SPOILT]

    assert [each for each in refusals if not each[2].startswith(each[0])] == []
    assert [each for each in refusals if not each[2].isprintable()] == []


def refusal(field: str, given: Any) -> str:
    """Why a message does not take this; nothing where it does."""
    try:
        message(**{field: given})
    except BadHeaderError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["", "X A", "X:A", "X-Ä", "X" * 77, 5, None])
def test_a_header_name_is_printable_ascii(name: Any) -> None:
    with pytest.raises(BadHeaderError, match=r"^extra_headers has a header name "):
        message(extra_headers={name: "value"})


@pytest.mark.parametrize("name", ["Bcc", "FROM", "to", "Subject", "content-type", "MIME-Version"])
def test_headers_that_the_message_writes_itself_are_refused(name: str) -> None:
    with pytest.raises(BadHeaderError, match=f"^extra_headers must not contain {name}: "):
        message(extra_headers={name: "eve@example.org"})


def test_one_header_in_two_spellings_is_refused() -> None:
    with pytest.raises(BadHeaderError, match=r"^extra_headers contains x-a twice: leave one"):
        message(extra_headers={"X-A": "1", "x-a": "2"})


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("recipients", "a@example.org", r"^recipients must be a list of addresses: write \['a@"),
        ("recipients", ["a@x.org, b@x.org"], r"^recipients\[0\] 'a@x.org, b@x.org' is not an"),
        ("recipients", ["a@x.org", None], r"^recipients\[1\] must be text, not None"),
        ("recipients", [("a", "b", "c")], r"^recipients\[0\] .* is not a pair of name and address"),
        ("cc", [""], r"^cc\[0\] '' is not an address like ada@example.org"),
        ("sender", "Ada", "^sender 'Ada' is not an address like"),
        ("date", datetime(2026, 11, 24), "^date .* is not a time: give a datetime with its zone"),
        ("date", float("nan"), "^date nan is not a time"),
        ("charset", "klingon", "^charset 'klingon' is unknown"),
        ("charset", "rot13", "^charset 'rot13' is unknown"),
        ("body", b"bytes", "^body must be text, not bytes"),
        ("html", b"bytes", "^html must be text, not bytes"),
        ("alts", {"calendar": None}, r"^alts\['calendar'\] must be text, not None"),
        ("alts", {"text/html": "x"}, "^alts has 'text/html', which is not a subtype"),
        ("attachments", ["a.pdf"], r"^attachments\[0\] must be an Attachment"),
        ("extra_headers", {"Message-ID": "x"}, r"^extra_headers\['Message-ID'\] 'x' is not a Mess"),
        ("extra_headers", {"Date": "soon"}, r"^extra_headers\['Date'\] 'soon' is not a time"),
        ("extra_headers", {"X-A": None}, r"^extra_headers\['X-A'\] must be text, not None"),
        ("mail_options", "RET=HDRS", r"^mail_options must be a list of options"),
        ("rcpt_options", ["NOTIFY=NEVER RSET"], r"^rcpt_options\[0\] .* is not an option like"),
    ],
)
def test_what_no_message_can_hold_is_refused_in_a_sentence(
    field: str, value: Any, words: str
) -> None:
    with pytest.raises(MessageError, match=words):
        message(**{field: value})


def test_a_field_is_checked_when_it_is_set_later() -> None:
    msg = message()

    with pytest.raises(BadHeaderError, match=r"^subject"):
        msg.subject = "Hello\r\nBcc: eve@example.org"

    assert msg.subject == ""


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda msg: msg.recipients.append("b@x.org\r\nRSET"), r"^recipients\[1\]"),
        (lambda msg: msg.cc.append("nobody"), r"^cc\[0\]"),
        (lambda msg: msg.extra_headers.update({"X-A\r\nBcc": "x"}), "^extra_headers"),
        (lambda msg: msg.attachments.append(b"x"), r"^attachments\[0\]"),
        (lambda msg: msg.alts.update({"html": None}), "^html"),
        (lambda msg: msg.mail_options.append("A B"), r"^mail_options\[0\]"),
    ],
)
def test_what_was_changed_in_place_is_checked_when_composed(spoil: Any, words: str) -> None:
    msg = message()
    spoil(msg)

    with pytest.raises(MessageError, match=words):
        msg.as_bytes()


def test_a_message_needs_somebody_to_go_to() -> None:
    with pytest.raises(MessageError, match=r"^recipients is empty: give an address"):
        message(recipients=[]).as_bytes()


def test_a_message_needs_a_sender() -> None:
    with pytest.raises(MessageError, match=r"^sender is missing: .* MAIL_DEFAULT_SENDER"):
        message(sender=None).as_bytes()


def test_a_message_does_not_share_the_callers_lists() -> None:
    recipients = ["b@example.org"]
    msg = message(recipients=recipients)

    msg.add_recipient(("Cleo", "c@example.org"))

    assert recipients == ["b@example.org"]
    assert msg.send_to == {"b@example.org", "c@example.org"}


def test_an_added_recipient_is_checked() -> None:
    with pytest.raises(MessageError, match=r"^recipient 'nobody' is not an address"):
        message().add_recipient("nobody")


def test_html_is_one_of_the_alternatives() -> None:
    msg = message(alts=[("html", "<p>one")])

    msg.html = None

    assert msg.alts == {}
    assert msg.html is None


def test_the_message_id_is_fixed_once_made() -> None:
    msg = message(sender="Ada <ada@bücher.example>")

    made = msg.msgId
    msg.sender = "b@other.example"

    assert made is not None
    assert made.endswith("@xn--bcher-kva.example>")
    assert f"Message-ID: {made}\r\n" in msg.as_string()


def test_a_message_without_a_sender_has_no_id_yet() -> None:
    assert message(sender=None).msgId is None


def test_message_id_and_date_of_the_extra_headers_are_used_once() -> None:
    headers = {"message-id": "<a1@x.org>", "DATE": "Tue, 24 Nov 2026 10:00:00 +0100"}

    parsed = message_from_bytes(message(extra_headers=headers).as_bytes())

    assert parsed.get_all("Message-ID") == ["<a1@x.org>"]
    assert parsed.get_all("Date") == ["Tue, 24 Nov 2026 10:00:00 +0100"]


def test_a_message_id_can_be_set() -> None:
    msg = message()

    msg.msgId = "<a1@x.org>"

    assert "Message-ID: <a1@x.org>\r\n" in msg.as_string()
    with pytest.raises(MessageError, match=r"^msgId 'a1' is not a Message-ID"):
        msg.msgId = "a1"


def test_two_dates_are_one_too_many() -> None:
    headers = {"Date": "Tue, 24 Nov 2026 10:00:00 +0100"}

    with pytest.raises(MessageError, match=r"^date is given, and extra_headers has a Date too"):
        message(date=0, extra_headers=headers).as_bytes()


@pytest.mark.parametrize("date", [0, 0.0, datetime(1970, 1, 1, tzinfo=UTC)])
def test_a_date_is_a_time_or_seconds(date: Any) -> None:
    assert "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n" in message(date=date).as_string()


@pytest.mark.parametrize("seconds", [20, -5025, 8470])
def test_a_zone_with_seconds_is_written_in_utc(seconds: int) -> None:
    zone = timezone(timedelta(seconds=seconds))
    date = datetime(2026, 1, 1, 12, tzinfo=zone)

    written = message(date=date).as_string().partition("Date: ")[2].partition("\r\n")[0]

    assert parsedate_to_datetime(written) == date
    assert written.endswith("+0000")


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan 1970 00:00:00 +023520",
        f"Thu, 01 Jan 1970 00:00:00 +{'9' * 30}",
        f"Thu, 01 Jan {'9' * 5000} 00:00:00 +0000",
        "Thu, 01 Jan 1970 00:00:00" + " " * 100_000,
    ],
)
def test_a_date_header_that_is_no_date_is_refused_in_a_sentence(date: str) -> None:
    with pytest.raises(MessageError, match=r"^extra_headers\['Date'\] .* is not a time"):
        message(extra_headers={"Date": date})


@pytest.mark.parametrize("date", [10**400, -(10**30), float("inf"), datetime.max])
def test_a_date_beyond_all_calendars_is_refused_in_a_sentence(date: Any) -> None:
    with pytest.raises(MessageError, match=r"^date .* is not a time"):
        message(date=date)


def test_numbers_do_as_header_values() -> None:
    assert "X-Priority: 1\r\n" in message(extra_headers={"X-Priority": 1}).as_string()


def test_a_repr_shows_no_body() -> None:
    shown = repr(message(subject="Hi", body="secret", html="<p>secret"))

    assert shown == "<Message 'Hi' recipients=1 attachments=0>"


def test_a_message_is_its_text_and_its_bytes() -> None:
    msg = message(body="text", date=0)

    assert str(msg) == msg.as_string()
    assert bytes(msg) == msg.as_bytes()
