"""Replies parsed from bytes, however they arrive."""

from __future__ import annotations

from itertools import pairwise

import aiosmtplib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quartapp.mail.transports.smtp.replies import LONGEST, Replies

STREAM = b"250 ok\r\n250-one\r\n250-\r\n250 two\r\n354\r\n550 5.1.1 \xc3\xbc \xff\r\n"
REPLIES = [(250, "ok"), (250, "one\n\ntwo"), (354, ""), (550, "5.1.1 ü \udcff")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_replies_do_not_depend_on_how_bytes_come(cuts):
    replies, found = Replies(), []
    bounds = [0, *sorted(cuts), len(STREAM)]

    for start, end in pairwise(bounds):
        found += replies.feed(STREAM[start:end])

    assert found == REPLIES


@pytest.mark.parametrize(
    "line", [b"hello\r\n", b"25\r\n", b"2500 ok\r\n", b"\r\n", b"250-one\r\n250two\r\n2500\r\n"]
)
def test_a_line_that_is_no_reply_is_an_error(line):
    with pytest.raises(aiosmtplib.SMTPServerDisconnected, match="not an SMTP reply"):
        list(Replies().feed(line))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (b"250OK\r\n", "OK"),
        (b"250\tok\r\n", "ok"),
        (b"250\n", ""),
        (b"250.\r\n", "."),
        (b"250-one\r\n250TWO\r\n", "one\nTWO"),
    ],
)
def test_the_space_after_the_code_may_be_missing(written, words):
    assert list(Replies().feed(written)) == [(250, words)]


@pytest.mark.parametrize("line", [b"x" * (LONGEST + 1), b"250-on and on\r\n" * 3000])
def test_a_reply_has_an_end(line):
    with pytest.raises(aiosmtplib.SMTPServerDisconnected, match="no end"):
        list(Replies().feed(line))
