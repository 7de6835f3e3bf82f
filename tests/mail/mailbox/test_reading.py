"""Messages as they come from anywhere: read as well as it goes, never refused."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quartapp.mail.mailbox import read
from quartapp.mail.mailbox.reading import subject_and_id

RELATED = b"Content-Type: multipart/related; boundary=a\r\n"
HEAD = b"Subject: x\r\nMIME-Version: 1.0\r\n"
SCRAPS = [
    b"Content-Type: multipart/mixed; boundary=a\r\n",
    b"Content-Type: text/html; charset=klingon\r\n",
    b"Content-Type: text/plain; charset*=utf-8''%ff; charset*1=x\r\n",
    b"Content-Type: ;;;\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"Content-Disposition: attachment; filename*=klingon''%ff\r\n",
    b"Content-Disposition: attachment; filename*0*=utf-8''%ff; filename*2=x\r\n",
    b"Subject: =?utf-8?b?!!!?= =?klingon?q?=FF?= \xff\xfe\r\n",
    b"Subject: =?utf-8?b?YQ=?=\r\n",
    b"Message-ID: <\xff\r\n x>\r\n",
    b"no colon here\r\n",
    b"begin 644 x\r\n\xff\xff\xff\r\nend\r\n",
    b"--a\r\n",
    b"--a--\r\n",
    b"\r\n",
    b"\x00\xff<html><img src=cid:x>=ZZ=\r\n",
]


def rich() -> bytes:
    """Text, HTML with a picture of its own, and a file."""
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("Straße\n")
    message.add_alternative('<p>Straße <img src="cid:logo"> <img src="cid:x">', subtype="html")
    html = message.get_payload()[1]
    html.add_related(b"\x89PNG", "image", "png", cid="<logo>")
    message.add_attachment(b"1;2", "text", "csv", filename="zähler.csv")
    return message.as_bytes()


def test_a_message_is_taken_apart():
    message = read(rich())

    assert message.text.strip() == "Straße"
    assert message.html().startswith("<p>Straße")
    assert [file.name for file in message.attached] == ["without a name", "zähler.csv"]


def test_pictures_that_came_along_are_shown_and_others_left():
    message = read(rich())

    assert '"data:image/png;base64,iVBORw=="' in message.html()
    assert '"cid:x"' in message.html()


def test_headers_are_shown_decoded_and_in_order():
    message = read(b"B: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nA: folded\r\n line\r\n\r\n")

    assert message.headers == (("B", "Grüße"), ("A", "folded line"))


def test_an_attached_text_is_not_taken_for_the_message():
    message = read(HEAD + b"Content-Disposition: ATTACHMENT; filename=a.txt\r\n\r\nhello")

    assert message.text is None
    assert message.attached[0].data == b"hello"


@pytest.mark.parametrize("charset", [b"klingon", b"idna", b"hex", b"undefined", b'"', b"utf-16"])
def test_an_unknown_charset_is_decoded_as_well_as_possible(charset):
    message = read(HEAD + b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\nh\xffllo")

    assert message.text


def test_bytes_that_are_no_text_are_shown_as_such():
    message = read(HEAD + b"\r\nh\xffllo")

    assert message.text == "h\ufffdllo"


def test_parts_within_parts_without_end_leave_the_headers():
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth)
        for depth in range(3000)
    )

    message = read(HEAD + nested)

    assert ("Subject", "x") in message.headers


def test_a_huge_subject_is_cut_for_the_list():
    subject, _ = subject_and_id(b"Subject: " + b"x" * 1_000_000 + b"\r\n\r\n")

    assert 0 < len(subject) <= 998


@given(st.lists(st.sampled_from(SCRAPS) | st.binary(max_size=40), max_size=12))
def test_nothing_that_comes_is_refused(scraps):
    content = b"".join(scraps)

    assert read(content)
    assert len(subject_and_id(content)) == 2


def test_a_picture_shown_a_thousand_times_is_not_put_in_a_thousand_times():
    picture = b"Content-Type: image/png\r\nContent-ID: <x>\r\n\r\n" + b"x" * 100_000
    html = b"Content-Type: text/html\r\n\r\n" + b'<img src="cid:x">' * 1000
    content = b"\r\n--a\r\n".join([RELATED, html, picture])

    shown = read(content).html()

    assert 2 <= shown.count("data:image/png") <= 10
    assert len(shown) < 2_000_000


def test_each_picture_is_put_in_once_however_large_they_are():
    pictures = [
        b"Content-Type: image/png\r\nContent-ID: <x%d>\r\n\r\n" % number + b"x" * 900_000
        for number in range(3)
    ]
    html = b"Content-Type: text/html\r\n\r\n" + b"cid:x0 cid:x1 cid:x2"

    shown = read(b"\r\n--a\r\n".join([RELATED, html, *pictures])).html()

    assert shown.count("data:image/png") == 3


def test_thousands_of_parts_are_not_told_apart():
    message = read(RELATED + b"\r\n--a\r\n\r\nx" * 5000)

    assert len(message.attached) == 999


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b"; filename=a.txt", "a.txt"),
        (b'; filename="a;b\\"c.txt"; size=5', 'a;b"c.txt'),
        (b"; filename*=utf-8''z%C3%A4hler.csv", "zähler.csv"),
        (b"; filename*1*=%C3%A4.txt; filename*0*=utf-8''z", "zä.txt"),
        (b'; filename*0="long "; filename*1="name"', "long name"),
        (b'; filename="=?utf-8?q?z=C3=A4?= =?utf-8?q?hler?="', "zähler"),
        (b'; filename="a\0b\x1b.txt"', "a\ufffdb\ufffd.txt"),
        (b"; filename*=utf-8''a%00b", "a\ufffdb"),
        (b"; name=a", "without a name"),
        (b'; filename="' + b"x" * 5000, "x" * 200),
    ],
)
def test_a_file_name_is_read_however_it_is_written(written, name):
    content = RELATED + b"\r\n--a\r\nContent-Disposition: attachment" + written + b"\r\n\r\nx"

    (file,) = read(content).attached

    assert (file.name, file.data) == (name, b"x")


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        ("=?utf-8?q?a_b?=", "a b"),
        ("=?utf-8?q?z=C3?= =?utf-8?q?=A4hler?=", "zähler"),
        ("=?utf-8?b?w6Q?= and =?iso-8859-1?q?=E4?=", "ä and ä"),
        ("=?utf-8*de?q?=C3=A4?=", "ä"),
        ("=?klingon?q?a?= =?utf-8?q?b?=", "=?klingon?q?a?= b"),
        ("=?punycode?q?a?=", "=?punycode?q?a?="),
        ("a =? b ?= c", "a =? b ?= c"),
    ],
)
def test_encoded_words_are_read(written, subject):
    assert subject_and_id(f"Subject: {written}\r\n\r\n".encode())[0] == subject
