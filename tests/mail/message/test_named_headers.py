"""Fields that write headers of their own: unsubscribing, importance, threads."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

import pytest

from quartapp.mail import BadHeaderError, Message, MessageError
from quartapp.mail.message.encoding import encode
from quartapp.mail.message.parsing import parse
from quartapp.mail.settings import MailSettings

ONE_CLICK = "List-Unsubscribe=One-Click"
LONG_LINK = f"https://example.org/leave?token={'a' * 860}"


def message(**fields: Any) -> Message:
    return Message("Hi", ["b@example.org"], "x", sender="a@example.org", **fields)


def headers(written: Message) -> dict[str, str]:
    """What fields wrote, by the headers' names."""
    parsed = message_from_bytes(written.as_bytes())
    names = list(parsed)
    named = names[names.index("Subject") + 1 : names.index("Date")]
    return {name: parsed[name].replace("\r\n", "") for name in named}


def copy(written: Message) -> Message:
    """What a recorder gets of it."""
    encoded = encode(written, MailSettings())
    return parse(encoded.content, encoded.envelope)


@pytest.mark.parametrize(
    ("given", "written", "one_click"),
    [
        ("https://example.org/leave?id=1,2", "<https://example.org/leave?id=1,2>", ONE_CLICK),
        ("HTTPS://example.org", "<https://example.org>", ONE_CLICK),
        ("mailto:leave@example.org?subject=a%20b", None, None),
        (
            ["mailto:leave@example.org", "https://example.org/%C3%A4"],
            "<mailto:leave@example.org>, <https://example.org/%C3%A4>",
            ONE_CLICK,
        ),
        ([LONG_LINK, f"mailto:a@example.org?body={'a' * 870}"], None, ONE_CLICK),
        ([], "", None),
    ],
)
def test_where_to_unsubscribe_is_written(given: Any, written: str | None, one_click: Any) -> None:
    found = headers(message(unsubscribe=given))

    links = [given] if isinstance(given, str) else given
    as_given = ", ".join(f"<{link}>" for link in links)
    assert found.get("List-Unsubscribe", "") == (as_given if written is None else written)
    assert found.get("List-Unsubscribe-Post") == one_click


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ("http://example.org", MessageError, r"^unsubscribe .* must be https: .*RFC 8058"),
        (["https://a.org", "https://b.org"], MessageError, "several https links: RFC 8058"),
        ("https://a.org\r\nBcc: x@y.org", BadHeaderError, r"^unsubscribe .* U\+000D"),
        ("https://a.org>, <http://b.org", MessageError, "^unsubscribe .* percent-encoded"),
        ("<https://a.org>", MessageError, "no angle brackets"),
        ("https://a.org/a b", MessageError, "%20 for a space"),
        ("https://a.org/ä", MessageError, "%C3%A4 for ä"),
        ("https://a.org/%zz", MessageError, "percent-encoded"),
        ("https://a.org/#leave", MessageError, "never reaches the server"),
        ("https:///leave", MessageError, "names no host"),
        ("https://[::1/", MessageError, "names no host"),
        ("https://a.org:99999/", MessageError, "names no host"),
        (f"{LONG_LINK}{'a' * 100}", MessageError, "characters: 900 fit"),
        ("mailto:", MessageError, "^unsubscribe '' is not an address"),
        ("mailto:a%0D%0ABcc@x.org", BadHeaderError, r"U\+000D"),
        ("mailto:a@x.org?subject=a%0D%0Ab", BadHeaderError, r"U\+000D"),
        ("mailto:Ada%20%3Ca@x.org%3E", MessageError, "bare addresses"),
        ("mailto:%ff@x.org", MessageError, "UTF-8"),
        (["mailto:a@x.org", "leave@x.org"], MessageError, r"^unsubscribe\[1\] .* neither a link"),
        (["mailto:a@x.org"] * 9, MessageError, "9 links: at most 8"),
        ("", MessageError, "neither a link"),
        (True, MessageError, "neither a link"),
        (b"https://a.org", MessageError, "must be text"),
    ],
)
def test_a_link_that_no_mail_program_would_follow_is_refused(
    given: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        message(unsubscribe=given)
    written = message()
    with pytest.raises(error, match=words):
        written.unsubscribe = given


@pytest.mark.parametrize(("given", "priority"), [("high", "1"), ("Normal", "3"), ("low", "5")])
def test_importance_is_written_as_mail_programs_read_it(given: str, priority: str) -> None:
    found = headers(message(importance=given))

    assert found == {"Importance": given.lower(), "X-Priority": priority}


@pytest.mark.parametrize(
    ("fields", "in_reply_to", "references"),
    [
        ({"in_reply_to": "<p@x>"}, "<p@x>", "<p@x>"),
        ({"in_reply_to": "p@x.org"}, "<p@x.org>", "<p@x.org>"),
        ({"references": "<r@x> <s@x>"}, "", "<r@x> <s@x>"),
        ({"references": "<r@x>\r\n\t<s@x><r@x>"}, "", "<r@x> <s@x>"),
        ({"references": ["<r@x>"], "in_reply_to": "<p@x>"}, "<p@x>", "<r@x> <p@x>"),
        ({"references": ["<p@x>", "<r@x>"], "in_reply_to": "<p@x>"}, "<p@x>", "<r@x> <p@x>"),
        ({"in_reply_to": ("<p@x>", "<q@x>")}, "<p@x> <q@x>", "<p@x> <q@x>"),
        ({"in_reply_to": message(extra_headers={"Message-ID": "<m@x>"})}, "<m@x>", "<m@x>"),
        (
            {
                "in_reply_to": [
                    message(extra_headers={"message-id": "<m@x>", "references": "<r@x>"})
                ]
            },
            "<m@x>",
            "<r@x> <m@x>",
        ),
        ({"references": [], "in_reply_to": []}, "", ""),
    ],
)
def test_an_answer_names_its_parent_and_its_thread(
    fields: dict[str, Any], in_reply_to: str, references: str
) -> None:
    found = headers(message(**fields))

    assert found.get("In-Reply-To", "") == in_reply_to
    assert found.get("References", "") == references


def test_an_answer_to_an_answer_has_the_whole_thread() -> None:
    first = message()
    second = message(in_reply_to=first)
    third = message(in_reply_to=second)

    assert third.in_reply_to == (second.msgId,)
    assert third.references == (first.msgId, second.msgId)
    third.in_reply_to = first
    assert third.references == (first.msgId,)


def test_a_long_thread_keeps_its_first_and_its_newest_ids_each_on_a_whole_line() -> None:
    ids = [f"<{number}{'a' * 380}@x>" for number in range(80)]
    written = message(references=ids, in_reply_to="<parent@x>")

    lines = written.as_bytes().split(b"\r\n")

    assert written.references == (ids[0], *ids[32:], "<parent@x>")
    assert max(map(len, lines)) <= 998
    assert headers(written)["References"].split() == list(written.references)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"in_reply_to": "<p@x>\r\nBcc: a@x.org"}, r"^in_reply_to .* U\+000D"),
        ({"in_reply_to": "<p@x>\r\n Bcc: a@x.org"}, "^in_reply_to 'Bcc:' is not a Message-ID"),
        ({"in_reply_to": ""}, "^in_reply_to '' is not a Message-ID"),
        ({"in_reply_to": "hello"}, "^in_reply_to 'hello' is not a Message-ID"),
        ({"in_reply_to": "<ä@x>"}, "is not a Message-ID"),
        ({"in_reply_to": Message()}, "^in_reply_to is a message without a Message-ID: give it a"),
        ({"references": ["<p@x>", 7]}, r"^references\[1\] '7' is not a Message-ID"),
        ({"references": f"<{'a' * 500}@x>"}, "^references .* is not a Message-ID"),
        ({"references": b"<p@x>"}, "^references must be text"),
        ({"importance": "urgent"}, 'importance \'urgent\' must be "high", "normal" or "low"'),
        ({"importance": 1}, "^importance 1 must be"),
        *(
            (
                {field: value, "extra_headers": {header: "<a@x.org>"}},
                f"^{field} is given, and extra_headers has {header} too: leave one",
            )
            for field, value, header in [
                ("unsubscribe", "mailto:a@x.org", "List-Unsubscribe"),
                ("unsubscribe", "https://x.org", "list-unsubscribe-post"),
                ("importance", "high", "Importance"),
                ("importance", "low", "X-Priority"),
                ("in_reply_to", "<a@x>", "In-Reply-To"),
                ("in_reply_to", "<a@x>", "References"),
                ("references", "<a@x>", "References"),
            ]
        ),
    ],
)
def test_what_cannot_be_written_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(MessageError, match=words):
        message(**fields)


def test_a_header_that_is_given_twice_later_is_refused_when_it_is_composed() -> None:
    written = message(unsubscribe="mailto:a@x.org")
    written.extra_headers["List-Unsubscribe"] = "<mailto:b@x.org>"

    with pytest.raises(MessageError, match=r"^unsubscribe is given, and extra_headers has"):
        written.as_bytes()


def test_a_copy_has_the_fields_again_and_only_what_they_wrote() -> None:
    given = message(
        unsubscribe=["https://example.org/a,b", "mailto:leave@example.org"],
        importance="low",
        references=["<r@x>", "<p@x>"],
        in_reply_to="<p@x>",
        extra_headers={"X-A": "b"},
    )
    by_hand = message(extra_headers={"List-Unsubscribe": "<https://x.org>", "Importance": "high"})

    found, as_found = copy(given), copy(by_hand)

    for name in ("unsubscribe", "importance", "references", "in_reply_to", "extra_headers"):
        assert getattr(found, name) == getattr(given, name)
    assert headers(found) == headers(given)
    assert (as_found.unsubscribe, as_found.importance) == ((), None)
    assert as_found.extra_headers == by_hand.extra_headers
