"""What is wrong with a message, in sentences that are true."""

from __future__ import annotations

import pytest

from quartapp.mail import Message
from quartapp.mail.mailbox import ReadMessage, hints, read
from quartapp.mail.mailbox.colour import contrast

NO_DATE = "Its Date header is not a date (RFC 5322)."
HEADERS = {
    "From": "a@example.org",
    "To": "b@example.org",
    "Date": "Thu, 01 Jan 1970 00:00:00 +0000",
    "Message-ID": "<1@example.org>",
    "Subject": "Tea",
    "MIME-Version": "1.0",
}


def said_of(
    html: str | None = None, text: str | None = "Text.", **headers: str | None
) -> list[str]:
    """The hints on a message that is fine but for what is given."""
    message = Message(recipients=["b@example.org"], sender="a@example.org", body=text, html=html)
    body = message.as_bytes().decode().partition("MIME-Version: 1.0\r\n")[2]
    fields = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return hints(read((head + body).encode()))


def test_a_good_message_is_not_complained_about() -> None:
    assert said_of('<p>Fine. <a href="https://example.org/">Look</a> <a href="#x">x</a>') == []


@pytest.mark.parametrize("name", ["From", "Date", "Subject", "Message-ID", "MIME-Version"])
def test_a_header_that_is_missing_is_named(name: str) -> None:
    assert f"It has no {name} header." in said_of(**{name: None})


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        ({"To": None}, "It has no To header: some filters take that for spam."),
        ({"Subject": ""}, "Its subject is empty."),
        ({"From": "Ada"}, "Its From header has no address."),
        ({"From": '"a@b" Ada'}, "Its From header has no address."),
        ({"Date": "yesterday"}, "Its Date header is not a date (RFC 5322)."),
        ({"Date": f"1 Jan 2026 00:00:00 +{'9' * 30}"}, NO_DATE),
        ({"Date": f"1 Jan {'9' * 5000} 00:00:00 +0000"}, NO_DATE),
        ({"Date": "1 Jan 2026 00:00:00 +023520"}, NO_DATE),
        (
            {"Message-ID": "<1@laptop>"},
            "Its Message-ID ends in laptop, which is no domain of the internet.",
        ),
        ({"subject": "again"}, "It has 2 Subject headers; one is allowed."),
    ],
)
def test_an_odd_header_is_told_of(headers: dict[str, str | None], hint: str) -> None:
    assert said_of(**headers) == [hint]


@pytest.mark.parametrize(
    ("html", "hint"),
    [
        ('<a href="/x">', "The link /x is relative: in a message it leads nowhere."),
        (
            '<img src="x.png">',
            "The image x.png is relative: in a message there is nothing to be found.",
        ),
        ('<img src="cid:logo">', "The image cid:logo is shown, and is not in the message."),
        ("<script>", "Mail readers remove <script>."),
        (
            '<td width="601">',
            "An element is 601 px wide; 600 px is the safe maximum.",
        ),
        (
            '<p style="min-width: 700px">',
            "An element is 700 px wide; 600 px is the safe maximum.",
        ),
        (
            '<p style="color:#999;background:#fff">',
            "#999 on #fff has a contrast of 2.8:1; reading asks for 4.5:1.",
        ),
        ("x" * (103 * 1024), "Its HTML has 103 KiB: Gmail cuts it off after 102."),
    ],
)
def test_markup_that_is_a_problem_for_readers_is_named(html: str, hint: str) -> None:
    assert said_of(html) == [hint]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:a@example.org"><a href="//example.org/"><img src="data:image/png,">',
        '<td width="600"><td width="100%"><td style="width: 100%; max-width: 900px">',
        '<p style="color:#000">',
        '<p style="color:var(--ink);background:url(x)">',
        "<<<>&&& <a href><img src=''><p style=';;:'>",
    ],
)
def test_what_is_no_fault_is_not_called_one(html: str) -> None:
    assert said_of(html) == []


def test_a_message_needs_a_text() -> None:
    assert said_of("<p>hello", text=None) == [
        "No plain-text part: text-only readers see nothing, and spam filters penalise it."
    ]


def test_an_address_in_thousands_of_brackets_is_one_hint_at_most() -> None:
    assert said_of(From="(" * 100_000) == ["Its From header has no address."]


def test_a_hint_that_fails_is_left_out_and_the_others_stay() -> None:
    message = ReadMessage(headers=((None, ""),), text=None, markup=None, attached=())  # type: ignore[arg-type]

    assert "Empty: neither text nor HTML." in hints(message)


@pytest.mark.parametrize(
    ("ink", "paper", "ratio"),
    [
        ("#000", "white", 21),
        ("rgb(119, 119, 119)", "#ffffff", 4.48),
        ("#fff", "#fff", 1),
        ("inherit", "#fff", None),
    ],
)
def test_contrast_is_that_of_wcag(ink: str, paper: str, ratio: float | None) -> None:
    found = contrast(ink, paper)

    assert found == (None if ratio is None else pytest.approx(ratio, abs=0.01))
