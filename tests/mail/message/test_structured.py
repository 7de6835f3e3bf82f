"""Headers known by name: addresses, ids and links that programs read, and text for people."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from quartapp.mail import Attachment, BadHeaderError, Message, MessageError
from quartapp.mail.message.encoding import encode
from quartapp.mail.message.parsing import parse
from quartapp.mail.settings import MailSettings

if TYPE_CHECKING:
    from email.message import EmailMessage

ONE_ADDRESS = ["Sender", "Resent-Sender"]
ADDRESS_LISTS = [
    *("Resent-From", "Resent-To", "Resent-Cc", "Resent-Reply-To", "Disposition-Notification-To"),
    *("Return-Receipt-To", "Errors-To", "Mail-Followup-To", "Mail-Reply-To", "X-Errors-To"),
    *("Envelope-To", "X-Original-To"),
]
LINKS = [
    "List-Unsubscribe",
    "List-Subscribe",
    "List-Help",
    "List-Post",
    "List-Owner",
    "Archived-At",
]
IDS = ["References", "In-Reply-To", "Resent-Message-ID", "Original-Message-ID", "Supersedes"]
TOKENS = [
    *("Auto-Submitted", "Feedback-ID", "Precedence", "Content-Language", "Content-Location"),
    *("DKIM-Signature", "ARC-Seal", "Authentication-Results", "List-Unsubscribe-Post"),
    *("Autocrypt", "X-Google-DKIM-Signature", "CONTENT-BASE", "X-Priority", "Resent-Date"),
    "Followup-To",
]
LONG_LINK = f"<https://example.org/unsubscribe/{'a1=?-' * 180}>"


def written(headers: dict[str, Any], **fields: Any) -> bytes:
    sender, recipients = "a@example.org", ["b@example.org"]
    return Message("Hi", recipients, "x", sender=sender, extra_headers=headers, **fields).as_bytes()


def lines(name: str, value: Any) -> list[str]:
    """The lines of one header, as they are in the message."""
    head = written({name: value}).partition(b"\r\n\r\n")[0].decode()
    unfolded = head.replace("\r\n ", "\0 ").split("\r\n")
    (line,) = (line for line in unfolded if line.lower().startswith(f"{name.lower()}:"))
    return line.split("\0")


def read(headers: dict[str, Any]) -> EmailMessage:
    return message_from_bytes(written(headers), policy=policy.default)


def read_again(headers: dict[str, Any]) -> dict[str, str]:
    message = Message("Hi", ["b@example.org"], sender="a@example.org", extra_headers=headers)
    encoded = encode(message, MailSettings())
    return parse(encoded.content, encoded.envelope).extra_headers


@pytest.mark.parametrize("name", ONE_ADDRESS + ADDRESS_LISTS)
def test_an_address_stays_an_address_beside_a_name_that_is_encoded(name: str) -> None:
    value = '"Zoë (the) <first>" <zoe@example.org>'

    assert lines(name, value)[-1].endswith(" <zoe@example.org>")
    assert "zoe@example.org" not in lines(name, value)[0].partition("?=")[0]
    assert read_again({name: value}) == {name: value}


@pytest.mark.parametrize("name", ADDRESS_LISTS)
def test_a_list_of_addresses_stays_one(name: str) -> None:
    value = '"Doe, Jané" <jane@bücher.example>,bob@example.org,  Ann <ann@example.org>'

    assert "".join(lines(name, value)).count("@") == 3
    assert read_again({name: value})[name] == (
        '"Doe, Jané" <jane@xn--bcher-kva.example>, bob@example.org, Ann <ann@example.org>'
    )


@pytest.mark.parametrize("name", ["Resent-To", "Resent-Cc", "Resent-From", "Sender"])
def test_the_standard_librarys_reader_finds_the_addresses(name: str) -> None:
    found = read({name: "Zoë Müller <zoe@example.org>"})[name]

    assert [(each.display_name, each.addr_spec) for each in found.addresses] == [
        ("Zoë Müller", "zoe@example.org")
    ]


def test_a_hundred_addresses_are_folded_between_addresses() -> None:
    value = ", ".join(f"Zoë <user{number}@example.org>" for number in range(100))

    found = read({"Resent-To": value})["Resent-To"]

    assert [each.addr_spec for each in found.addresses] == [
        f"user{n}@example.org" for n in range(100)
    ]
    assert max(map(len, lines("Resent-To", value))) <= 76


def test_groups_of_addresses_stay_groups() -> None:
    value = 'a@x.org, Tëam: Zoë <zoe@x.org>, b@[IPv6:::1];, Nobody:;, "A, B": c@x.org;'

    assert read_again({"Resent-To": value}) == {"Resent-To": value}
    assert [
        (group.display_name, [each.addr_spec for each in group.addresses])
        for group in read({"Resent-To": value})["Resent-To"].groups
    ] == [
        (None, ["a@x.org"]),
        ("Tëam", ["zoe@x.org", "b@[IPv6:::1]"]),
        ("Nobody", []),
        ("A, B", ["c@x.org"]),
    ]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Sender", "a@example.org, b@example.org", r"^extra_headers\['Sender'\] .* not an address"),
        ("Errors-To", "Zoë", r"^extra_headers\['Errors-To'\] 'Zo\\xeb' is not an address"),
        ("Resent-To", "", r"^extra_headers\['Resent-To'\] '' is not an address"),
        (
            "Resent-To",
            "a@x.org, Doe, Jane <j@x.org>",
            r"^extra_headers\['Resent-To'\] 'Doe' is not",
        ),
        ("Resent-Bcc", "a@x.org", "^extra_headers must not contain Resent-Bcc: use bcc"),
        (
            "Return-Path",
            "<a@x.org>",
            "^extra_headers must not contain Return-Path: .*envelope_from",
        ),
        ("References", "<ä@x.org>", r"^extra_headers\['References'\] .* must be ASCII"),
        ("References", ["<a@x.org>"], r"^extra_headers\['References'\] must be text, not \['<a@"),
        ("X-Tags", {"a": 1}, r"^extra_headers\['X-Tags'\] must be text, not "),
        ("List-Unsubscribe", "<https://x.org/ä>", r"must be ASCII.*%C3%A4"),
        ("List-Id", "News <nëws.example.org>", r"is not an id like News <news.example.org>"),
        ("List-Id", "<a@b.c> <d@e.f>", r"is not an id like News <news.example.org>"),
        ("Resent-To", "a@x.org (Ada)", r"^extra_headers\['Resent-To'\] 'a@x.org \(Ada\)' has no"),
        ("Resent-To", "Team: a@x.org", r"is not a list of addresses: .* Team: a@example.org, b@"),
        ("Resent-To", "A: B: a@x.org;;", r"is not a list of addresses"),
        ("Resent-To", "a@x.org; b@x.org", r"is not a list of addresses"),
        ("Resent-To", "Team: Doe;", r"^extra_headers\['Resent-To'\] 'Doe' is not an address"),
        ("Sender", "Team: a@x.org;", r"^extra_headers\['Sender'\] "),
        (
            "Auto-Submitted",
            "ja, bitte schön",
            r"^extra_headers\['Auto-Submitted'\] .* must be ASCII",
        ),
        ("Feedback-ID", "x" * 998, r"^extra_headers\['Feedback-ID'\] .* has a word of 998 char"),
        ("In-Reply-To", f"<{'x' * 996}>", r"^extra_headers\['In-Reply-To'\] .* a word of 998 char"),
    ],
)
def test_what_a_header_cannot_have_is_refused_in_a_sentence(
    name: str, value: Any, words: str
) -> None:
    with pytest.raises(MessageError, match=words):
        Message(extra_headers={name: value})


def test_a_header_that_changed_later_is_checked_when_the_message_is_composed() -> None:
    message = Message("Hi", ["b@example.org"], "x", sender="a@example.org")
    message.extra_headers["Sender"] = "nobody"

    with pytest.raises(
        MessageError, match=r"^extra_headers\['Sender'\] 'nobody' is not an address"
    ):
        message.as_bytes()


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("between", [" ", "", "   "])
def test_a_hundred_ids_are_folded_between_ids(name: str, between: str) -> None:
    ids = [f"<{number}.{'a' * number}@mail.example.org>" for number in range(100)]

    found = lines(name, between.join(ids))

    assert " ".join(found).split()[1:] == ids
    assert max(map(len, found)) <= 130
    assert read_again({name: " ".join(ids)}) == {name: " ".join(ids)}


@pytest.mark.parametrize("name", [*IDS, *TOKENS])
@pytest.mark.parametrize("size", [70, 200, 900, 995])
def test_an_id_is_never_broken_or_encoded_up_to_the_longest_line(name: str, size: int) -> None:
    value = f"<{'a' * size}>"

    found = lines(name, value)

    assert found in ([f"{name}: {value}"], [f"{name}:", f" {value}"])
    assert len(found) == 1 or size > 900
    assert read_again({name: value}) == {name: value}


@pytest.mark.parametrize("name", [*IDS, *LINKS, *TOKENS])
def test_what_looks_like_an_encoded_word_in_an_id_is_left_alone(name: str) -> None:
    value = "<https://example.org/=?utf-8?q?=41?=>"

    assert lines(name, value) == [f"{name}: {value}"]
    assert read_again({name: value}) == {name: value}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_never_broken_or_encoded(name: str) -> None:
    value = f"{LONG_LINK}, <mailto:leave@example.org?subject=leave>"

    assert lines(name, value) == [
        f"{name}: {LONG_LINK},",
        " <mailto:leave@example.org?subject=leave>",
    ]
    assert lines(name, value.replace(", ", ",")) == lines(name, value)
    assert read_again({name: value}) == {name: value}


def test_the_comment_beside_a_link_is_text() -> None:
    value = "<https://example.org/(a)> (Für alle), <mailto:a@example.org> (by mail)"

    assert lines("List-Help", value) == [
        "List-Help: <https://example.org/(a)> (=?utf-8?b?RsO8ciBhbGxl?=),",
        " <mailto:a@example.org> (by mail)",
    ]
    assert read_again({"List-Help": value}) == {"List-Help": value}


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("<news.example.org>", "List-Id: <news.example.org>"),
        ("news.example.org", "List-Id: news.example.org"),
        ("Our news <news.example.org>", "List-Id: Our news <news.example.org>"),
        ('"News, all" <news.example.org>', 'List-Id: "News, all" <news.example.org>'),
        ("Neuës <news.example.org>", "List-Id: =?utf-8?b?TmV1w6tz?= <news.example.org>"),
    ],
)
def test_the_name_of_a_list_is_text_and_its_id_is_not(value: str, line: str) -> None:
    assert lines("List-Id", value) == [line]
    assert read_again({"List-Id": value}) == {"List-Id": value}


def test_a_signature_is_folded_at_its_spaces_alone() -> None:
    value = f"v=1; a=rsa-sha256; d=example.org; h=from:to; b={'Ab+/' * 86}== c=x"

    found = lines("DKIM-Signature", value)

    assert "".join(found) == f"DKIM-Signature: {value}"
    assert [line.count("Ab+/") for line in found] == [0, 86, 0]


@pytest.mark.parametrize("name", ["X-SMTPAPI", "X-Report-Abuse", "X-Token", "Comments"])
def test_ascii_text_is_never_encoded_however_long_its_words(name: str) -> None:
    value = f'{{"url": "https://example.org/?a=?b", "token": "{"x" * 900}"}}'

    assert "".join(lines(name, value)) == f"{name}: {value}"


def test_text_is_encoded_where_it_needs_it_and_nowhere_else() -> None:
    value = "Beschwerden an die Abuse-Abteilung für alle Fälle <abuse@example.org> https://x.org/?a"

    found = "".join(lines("X-Complaints-To", value))

    assert found.startswith("X-Complaints-To: Beschwerden an die Abuse-Abteilung =?utf-8?b?")
    assert found.endswith("?= <abuse@example.org> https://x.org/?a")
    assert read_again({"X-Complaints-To": value}) == {"X-Complaints-To": value}


def test_the_description_of_a_file_is_text_and_its_other_headers_are_not() -> None:
    message = Message("Hi", ["b@example.org"], "x", sender="a@example.org")
    message.attach("a.txt", data="x", headers={"Content-Description": "Für alle"})

    assert b"Content-Description: =?utf-8?b?RsO8cg==?= alle\r\n" in message.as_bytes()
    with pytest.raises(MessageError, match=r"^headers\['Content-Location'\] .* must be ASCII"):
        Attachment("a.txt", data="x", headers={"Content-Location": "ä"})


def test_a_message_that_is_sent_on_says_so_first() -> None:
    content = written(
        {
            "X-Note": "1",
            "Resent-From": "Zoë <zoe@example.org>",
            "Resent-To": "undisclosed-recipients:;",
            "Resent-Date": "Tue, 24 Nov 2026 10:00:00 +0100",
            "Resent-Message-ID": "<2@example.org>",
        }
    )

    names = [line.partition(b":")[0] for line in content.split(b"\r\n\r\n")[0].split(b"\r\n")]
    assert names[:5] == [
        b"Resent-From",
        b"Resent-To",
        b"Resent-Date",
        b"Resent-Message-ID",
        b"From",
    ]
    assert b"\r\nResent-To: undisclosed-recipients:;\r\n" in content


def test_a_long_message_id_stands_beside_its_name() -> None:
    message_id = f"<{'a' * 110}@{'b' * 100}.example.org>"

    assert lines("Message-ID", message_id) == [f"Message-ID: {message_id}"]


NAMES = some.sampled_from([*ONE_ADDRESS, *ADDRESS_LISTS, *IDS, *LINKS, *TOKENS, "List-Id", "X-Any"])
VALUES = some.one_of(
    some.text(' a@x.org,<>()"\\;:=?é\r\n\0\u2028', max_size=40),
    some.text(max_size=20),
    some.text("x <", min_size=900, max_size=1100),
    some.lists(
        some.sampled_from(
            ['"é, (b)" <a@x.org>', "<a@x.org>", "<https://x.org/?=?a?=>", "(é)", "b"]
        ),
        max_size=30,
    ).map(", ".join),
)


@settings(max_examples=250, deadline=None)
@given(NAMES, VALUES)
def test_whatever_a_header_is_given_is_refused_or_written_well(name: str, value: str) -> None:
    try:
        content = written({name: value})
    except (BadHeaderError, MessageError):
        return

    parsed = message_from_bytes(content)

    rows = content.split(b"\r\n")
    assert all(len(row) <= 998 and row.isascii() for row in rows)
    assert all(len(row) <= 76 for row in rows if b"=?utf-8?" in row)
    assert not any(b"\r" in row or b"\n" in row for row in rows)
    ours = {"from", "to", "subject", "date", "message-id", "mime-version"}
    ours |= {"content-type", "content-transfer-encoding"}
    assert {each.lower() for each in parsed.keys()} == ours | {name.lower()}  # noqa: SIM118
    assert parsed.get_payload() == "x\r\n"
    again = read_again({name: value})
    assert read_again(again) == again
