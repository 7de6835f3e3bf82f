"""`assert_sent` and `assert_nothing_sent`: what they accept, and what their failures show."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from quartapp.mail import MailError
from quartapp.mail.testing import assert_nothing_sent, assert_sent, message

ROWS = [
    # It is so, or it is not: (what is expected, whether it is).
    ({}, True),
    ({"subject": "Your order"}, True),
    ({"subject": "Your orde"}, False),
    ({"subject": re.compile("order$")}, True),
    ({"subject": re.compile("^order")}, False),
    ({"body": "Dear Ada,\nthank you.\n"}, True),
    ({"body": "Dear Ada,\r\nthank you.\r\n"}, True),
    ({"body": re.compile(r"^thank", re.MULTILINE)}, True),
    ({"body": ""}, False),
    ({"html": ""}, True),
    ({"html": re.compile("thank")}, False),
    ({"to": "ada@example.com"}, True),
    ({"to": "ada@EXAMPLE.com"}, True),
    ({"to": "Ada@example.com"}, False),
    ({"to": "Ada <ada@example.com>"}, True),
    ({"to": ("Ada", "ada@example.com")}, True),
    ({"to": "Eve <ada@example.com>"}, False),
    ({"to": re.compile("bob@")}, True),
    ({"to": re.compile("eve@")}, False),
    ({"to": ["bob@example.com", "ada@example.com"]}, True),
    ({"to": {"bob@example.com", "ada@example.com"}}, True),
    ({"to": ["ada@example.com"]}, False),
    ({"to": ["ada@example.com", "ada@example.com"]}, False),
    ({"to": "carol@example.com"}, False),
    ({"cc": "carol@bücher.example"}, True),
    ({"cc": []}, False),
    ({"bcc": []}, False),
    ({"bcc": "Eve <eve@example.com>"}, True),
    ({"bcc": "ada@example.com"}, False),
    ({"sender": "shop@example.com"}, True),
    ({"sender": "Shop <shop@example.com>"}, True),
    ({"sender": re.compile("Shop")}, True),
    ({"sender": "ada@example.com"}, False),
    ({"attachments": "invoice.pdf"}, True),
    ({"attachments": ["terms.pdf", "invoice.pdf"]}, True),
    ({"attachments": ["invoice.pdf"]}, False),
    ({"attachments": []}, False),
    ({"attachments": re.compile(r"\.pdf$")}, True),
    ({"subject": "Your order", "to": "bob@example.com", "html": ""}, True),
    ({"subject": "Your order", "to": "eve@example.com"}, False),
    ({"count": 1}, True),
    ({"count": 0}, False),
    ({"count": 2}, False),
    ({"to": "eve@example.com", "count": 0}, True),
]


def failure(**expected):
    """What the failure says."""
    with pytest.raises(AssertionError) as raised:
        assert_sent(**expected)
    return str(raised.value)


def lines(text):
    """A text as it is written in this file."""
    return dedent(text).strip()


def test_each_field_is_compared_as_it_is_read(mail_outbox):
    order = message(
        subject="Your order",
        recipients=[("Ada", "ada@example.com"), "bob@example.com"],
        cc=["carol@bücher.example"],
        bcc=["eve@example.com"],
        sender="Shop <shop@example.com>",
        body="Dear Ada,\r\nthank you.\r\n",
    )
    order.attach("invoice.pdf", data=b"%PDF")
    order.attach("terms.pdf", data=b"%PDF")
    mail_outbox.append(order)

    wrong = []
    for expected, is_so in ROWS:
        try:
            assert_sent(**expected)
        except AssertionError:
            if is_so:
                wrong.append(expected)
        else:
            if not is_so:
                wrong.append(expected)

    assert wrong == []


def test_it_returns_what_matches(mail_outbox):
    mail_outbox.extend(message(subject=subject) for subject in ("Tea", "Coffee", "Tea"))

    assert assert_sent(subject="Tea") == [mail_outbox[0], mail_outbox[2]]
    assert assert_sent(subject="Milk", count=0) == []


def test_a_failure_lists_what_was_there_and_where_the_nearest_differs(mail_outbox):
    mail_outbox.extend(
        [
            message(subject="Your password", recipients=["ada@example.com"]),
            message(
                subject="Welcome", recipients=["ada@example.com"], cc=[("Bo", "b@example.com")]
            ),
            message(subject="News", recipients=[], bcc=[f"{n}@example.com" for n in range(9)]),
        ]
    )

    said = failure(to="ada@example.com", subject="Welcome back", bcc=["eve@example.com"])

    assert said == lines(
        """
        no message matches, of 3 sent or queued:
          1. 'Your password' to ada@example.com
          2. 'Welcome' to ada@example.com, cc Bo <b@example.com>
          3. 'News' bcc 0@example.com, 1@example.com, 2@example.com, 3@example.com, 4@example.com and 4 more
        nearest: 2. 'Welcome' to ada@example.com, cc Bo <b@example.com>
          subject: 'Welcome', not 'Welcome back'
          bcc: nothing, not 'eve@example.com'
        """  # noqa: E501  # as it is shown
    )


def test_a_failure_of_the_number_says_which_match(mail_outbox):
    mail_outbox.extend(message(subject=subject) for subject in ("Tea", "Coffee", "Tea"))

    assert failure(subject="Tea", count=1) == lines(
        """
        2 messages match, not 1, of 3 sent or queued:
          1. 'Tea' to bob@example.com (matches)
          2. 'Coffee' to bob@example.com
          3. 'Tea' to bob@example.com (matches)
        """
    )
    assert failure(subject="Tea", count=3).endswith("subject: 'Coffee', not 'Tea'")


def test_the_only_message_is_named_once(mail_outbox):
    mail_outbox.append(message(subject="Tea"))

    assert failure(subject="Milk", to=[]) == lines(
        """
        no message matches, of 1 sent or queued:
          1. 'Tea' to bob@example.com
          to: 'bob@example.com', not nothing
          subject: 'Tea', not 'Milk'
        """
    )


def test_a_long_text_is_shown_where_it_differs(mail_outbox):
    mail_outbox.append(message(body="x" * 5000 + "Tea is at four." + "y" * 5000))

    said = failure(body="x" * 5000 + "Tea is at five." + "y" * 5000)

    assert "body: …'xxxxxxxxxTea is at four.yyyyy" in said
    assert ", not …'xxxxxxxxxTea is at five.yyyyy" in said
    assert max(map(len, said.splitlines())) < 200


def test_a_pattern_without_a_match_is_shown_with_the_text(mail_outbox):
    message_ = message(body="Dear Bob,\ntea is at four.\n")
    message_.attach("a.txt", data="")
    mail_outbox.append(message_)

    said = failure(body=re.compile("at five"), attachments=re.compile("b.txt"))

    assert r"body: 'Dear Bob,\ntea is at four.\n' has no match for 'at five'" in said
    assert "attachments: 'a.txt' has no match for 'b.txt'" in said


def test_of_many_messages_the_first_are_listed_and_the_nearest_is_found(mail_outbox):
    mail_outbox.extend(message(subject=f"Number {number}") for number in range(1000))

    said = failure(subject="Number 777!")

    assert said.splitlines()[5:] == [
        "  5. 'Number 4' to bob@example.com",
        "  … and 995 more",
        "nearest: 778. 'Number 777' to bob@example.com",
        "  subject: 'Number 777', not 'Number 777!'",
    ]


def test_nothing_sent_says_so(mail_outbox):
    assert_nothing_sent()
    assert_sent(count=0)

    assert (
        failure()
        == failure(subject="Tea")
        == ("nothing was sent or queued (what is queued counts once its transaction has committed)")
    )
    assert failure(count=2).endswith("committed), not 2")


def test_what_should_not_have_been_sent_is_listed(mail_outbox):
    mail_outbox.append(message())

    with pytest.raises(AssertionError) as raised:
        assert_nothing_sent()

    assert str(raised.value) == lines(
        """
        1 message was sent or queued:
          1. 'Tea at four' to bob@example.com
        """
    )


@pytest.mark.parametrize(
    ("expected", "says"),
    [
        ({"subject": 5}, "subject=5 is int: give text or re.compile"),
        ({"body": ["Tea"]}, r"body=\['Tea'\] is list: give text or re.compile"),
        ({"subject": re.compile(b"Tea")}, "is Pattern: give text"),
        ({"sender": ["a@example.com"]}, "is list: give text or re.compile"),
        ({"to": 5}, "to=5 is int: give one text, a list of texts or re.compile"),
        ({"to": [5]}, r"to=\[5\] is list: give one text, a list of texts"),
        ({"to": "Ada"}, "to 'Ada' is not an address like ada@example.org"),
        ({"to": ["Ada"]}, "to 'Ada' is not an address like ada@example.org"),
        ({"count": -1}, "count=-1: give how many messages, 0 or more"),
        ({"count": "1"}, "count='1': give how many messages, 0 or more"),
    ],
)
def test_what_cannot_be_meant_is_said(expected, says, mail_outbox):
    with pytest.raises(MailError, match=says):
        assert_sent(**expected)


@pytest.mark.parametrize("check", [assert_sent, assert_nothing_sent])
def test_without_the_fixture_the_cure_is_said(check):
    with pytest.raises(MailError, match=r"give it the fixture mail_outbox, as a parameter or by"):
        check()
