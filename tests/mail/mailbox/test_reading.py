"""Messages as they come from anywhere: read as well as it goes, never refused."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quartapp.mail.mailbox import hints, read
from quartapp.mail.mailbox.reading import subject_and_id

if TYPE_CHECKING:
    from quartapp.mail.mailbox import ReadMessage

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


def test_a_header_in_bare_latin_1_is_read():
    message = read(b'Content-Disposition: attachment; filename="\xfcber.txt"\r\n\r\nx')

    assert [file.name for file in message.attached] == ["über.txt"]


@pytest.mark.parametrize(
    ("head", "text", "markup"),
    [
        (b"Content-Type: text/html (as it is); charset=utf-8", None, "PHA+"),
        (b"Content-Type: text/html charset=utf-8", None, "PHA+"),
        (b"Content-Transfer-Encoding: base64 (as ever)", "<p>", None),
        (b"Content-Transfer-Encoding: BASE64;", "<p>", None),
    ],
)
def test_comments_and_lost_semicolons_are_passed_over(head, text, markup):
    message = read(head + b"\r\n\r\nPHA+")

    assert (message.text, message.markup) == (text, markup)


def test_a_message_is_taken_apart():
    message = read(rich())

    assert message.text.strip() == "Straße"
    assert message.html().startswith("<p>Straße")
    assert [file.name for file in message.attached] == ["without a name", "zähler.csv"]


def test_pictures_that_came_along_are_shown_and_others_left():
    message = read(rich())

    assert '"data:image/png;base64,iVBORw=="' in message.html()
    assert '"cid:x"' in message.html()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"A: b\r\nhello\r\nC: d\r\n", "hello\r\nC: d\r\n"),
        (b"From a@example.com Sat Nov 28\r\nA: b\r\n\r\nhello", "hello"),
    ],
)
def test_the_text_begins_where_the_headers_end(content, text):
    message = read(content)

    assert (message.headers, message.text) == ((("A", "b"),), text)


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
    message = read(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\nh\xffllo")

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
    message = read(RELATED + b"\r\n--a\r\nContent-Type: image/png\r\n\r\nx" * 5000)

    assert len(message.attached) == 1000


FORWARDED = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\ninner text\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>inner\r\n--b\r\n"
    b"Content-Disposition: attachment; filename=inner.pdf\r\n\r\nx\r\n--b--\r\n"
)


def mixed(*made: bytes, kind: bytes = b"mixed") -> bytes:
    """A message of these parts."""
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/" + kind + b"; boundary=a\r\n\r\n"
    return head + b"".join(b"--a\r\n" + part + b"\r\n" for part in made) + b"--a--\r\n"


def names(message: ReadMessage) -> list[str]:
    return [file.name for file in message.attached]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: Message/RFC822; charset=utf-8\r\nContent-Disposition: inline\r\n",
        b"Content-Type: message/global\r\n",
        b"Content-Type: message/rfc822; boundary=b\r\n",
    ],
)
def test_a_message_within_the_message_is_a_file_and_whole(head):
    message = read(mixed(b"\r\nouter", head + b"\r\n" + FORWARDED))

    (file,) = message.attached
    assert (message.text, message.markup) == ("outer", None)
    assert (file.name, file.data) == ("Grüße.eml", FORWARDED)


def test_a_message_within_the_message_that_is_encoded_is_downloaded_decoded():
    encoded = base64.encodebytes(FORWARDED).replace(b"\n", b"\r\n")
    head = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"

    message = read(mixed(head + encoded))

    assert (names(message), message.text) == (["Grüße.eml"], None)
    assert message.attached[0].data == FORWARDED


@pytest.mark.parametrize("kind", [b"delivery-status", b"partial", b"external-body", b"x-new"])
def test_a_part_about_a_message_is_a_file_of_its_own(kind):
    message = read(
        mixed(b"\r\nouter", b"Content-Type: message/" + kind + b"\r\n\r\nAction: failed")
    )

    assert (message.text, message.attached[0].data) == ("outer", b"Action: failed")


def test_the_messages_of_a_digest_are_files():
    message = read(
        mixed(b"\r\nSubject: one\r\n\r\nx", b"\r\nSubject: two\r\n\r\ny", kind=b"digest")
    )

    assert (names(message), message.text) == (["one.eml", "two.eml"], None)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: text/plain; name=a.txt",
        b"Content-Type: text/html\r\nContent-Disposition: inline; filename=a.txt",
        b"Content-Type: text/plain\r\nContent-Disposition: inline; filename*=utf-8''a.txt",
        b"Content-Type: text/x-python\r\nContent-Disposition: ;filename=a.txt",
        b"Content-Type: image/png; name=a.txt\r\nContent-Disposition: inline",
    ],
)
def test_a_part_with_a_file_name_is_a_file_whatever_its_type(head):
    message = read(mixed(head + b"\r\n\r\nx", b"\r\nthe text"))

    assert (names(message), message.text, message.markup) == (["a.txt"], "the text", None)


@pytest.mark.parametrize("disposition", [b"attachment", b"ATTACHMENT ; x=y", b"x-unknown"])
def test_a_part_that_is_not_to_be_shown_is_a_file(disposition):
    message = read(mixed(b"Content-Disposition: " + disposition + b"\r\n\r\nx"))

    assert (names(message), message.text) == (["without a name"], None)


def test_further_text_is_shown_as_text():
    footer = b"Content-Disposition: inline\r\n\r\n-- \r\nthe list"
    markdown = b"Content-Type: text/markdown; charset=iso-8859-1\r\n\r\n*gr\xfcn*"

    message = read(mixed(b"\r\nhello", footer, markdown))

    assert (message.text, message.attached) == ("hello\n-- \r\nthe list\n*grün*", ())


def test_html_before_and_after_a_file_is_shown():
    html = b"Content-Type: text/html\r\n\r\n<p>"

    message = read(mixed(html + b"before", b"Content-Type: image/png\r\n\r\nx", html + b"after"))

    assert message.markup == "<p>before\n<p>after"


def test_an_alternative_for_programs_is_a_file():
    made = [
        b"Content-Type: text/" + kind + b"\r\n\r\nx" for kind in (b"plain", b"calendar", b"amp")
    ]

    message = read(mixed(*made, kind=b"alternative"))

    assert (message.text, len(message.attached)) == ("x", 2)


@pytest.mark.parametrize(
    ("label", "octets", "shown"),
    [
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("us-ascii", b"Gr\xfc\xdfe", "Grüße"),
        ("", b"Gr\xfc\xdfe", "Grüße"),
        ("8bit", b"Gr\xfc\xdfe", "Grüße"),
        ("8bit", "Grüße".encode(), "Grüße"),
        ("ANSI_X3.4-1968", b"\x93x\x94", "“x”"),
        ("iso-8859-1", b"\x93x\x94 \x80", "“x” €"),
        ("latin1", b"Gr\xfc\xdfe", "Grüße"),
        ("iso-8859-9", b"\x80", "€"),
        ("gb2312", "朱镕基".encode("gbk"), "朱镕基"),
        ("gbk", "㐀".encode("gb18030"), "㐀"),
        ("GB_2312-80", "中".encode("gbk"), "中"),
        ("windows-874", "ไทย…".encode("cp874"), "ไทย…"),
        ("tis-620", "ไทย…".encode("cp874"), "ไทย…"),
        ("shift_jis", "①".encode("cp932"), "①"),
        ("x-sjis", "語".encode("cp932"), "語"),
        ("windows-31j", "①".encode("cp932"), "①"),
        ("ks_c_5601-1987", "믜".encode("cp949"), "믜"),
        ("windows-949", "한".encode("cp949"), "한"),
        ("big5", b"\xc6\xa1", "①"),
        ("iso-8859-8-i", "שלום".encode("iso8859-8"), "שלום"),
        ("x-mac-roman", "é".encode("mac-roman"), "é"),
        ("unicode-1-1-utf-8", "é".encode(), "é"),
        ("'utf-8'", "é".encode(), "é"),
        ("x-cp1251", "да".encode("cp1251"), "да"),
        ("utf-8", "\ufeffé".encode(), "é"),
    ],
)
def test_a_charset_label_is_read_as_browsers_read_it(label, octets, shown):
    head = f'Content-Type: text/plain; charset="{label}"\r\n\r\n'.encode()

    assert read(head + octets).text == shown


@pytest.mark.parametrize("label", ["us-ascii", "windows-874", "gb2312"])
def test_a_label_in_a_header_is_read_like_one_of_a_text(label):
    written = {"us-ascii": "é", "windows-874": "ท", "gb2312": "镕"}[label]
    octets = written.encode({"us-ascii": "utf-8", "gb2312": "gbk"}.get(label, "cp874"))
    encoded = base64.b64encode(octets).decode()

    assert subject_and_id(f"Subject: =?{label}?b?{encoded}?=\r\n\r\n".encode())[0] == written


@pytest.mark.parametrize(
    ("markup", "content_id"),
    [
        ('<img src="cid:x@y">', "<x@y>"),
        ("<img src='CID:x@y'>", "<x@y>"),
        ("<img src=cid:x@y>", "x@y"),
        ("<p style='background:url(cid:x@y)'>", "<x@y>"),
        ("<p style='background:url(\"cid:x@y\")'>", "<x@y>"),
        ('<p style="background:url(&quot;cid:x@y&quot;)">', "<x@y>"),
        ('<p style="background:url(&#39;cid:x@y&#39;)">', "<x@y>"),
        ('<img src="cid:image 1">', "<image 1>"),
        ('<img src="cid:image%201">', "<image 1>"),
        ('<img src="cid:%3Cx@y%3E">', "<x@y>"),
        ('<img src="cid:x%40y">', "<x@y>"),
        ('<img src="cid:100%25">', "<100%>"),
        ('<img src="cid:x%40y">', "<x%40y>"),
        ('<img src="cid:a&amp;b">', "<a&b>"),
        ('<img src="cid:a(1).png">', "<a(1).png>"),
    ],
)
def test_a_picture_is_found_however_its_name_is_quoted(markup, content_id):
    picture = f"Content-Type: image/png\r\nContent-ID: {content_id}\r\n\r\nx".encode()
    html = b"Content-Type: text/html\r\n\r\n" + markup.encode()

    message = read(mixed(html, picture, kind=b"related"))

    assert "data:image/png;base64,eA==" in message.html()
    assert "cid:" not in message.html().lower()
    assert not [hint for hint in hints(message) if "not in the message" in hint]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b"; filename=a.txt", "a.txt"),
        (b'; filename="a  b   c.txt"', "a  b   c.txt"),
        ('; filename="a\u3000b.txt"'.encode(), "a\u3000b.txt"),
        (b'; filename=" a.txt "', "a.txt"),
        (b'; filename="a\r\n\tb.txt"', "a b.txt"),
        ('; filename="zähler.csv"'.encode(), "zähler.csv"),
        ("; filename=日本 語.csv".encode(), "日本 語.csv"),
        (b"; filename*=utf-8''%3D%3Futf-8%3Fq%3Fa%3F%3D", "=?utf-8?q?a?="),
        (b'; filename*0="=?utf-8?q?a?="; filename*1=".txt"', "=?utf-8?q?a?=.txt"),
        (b'; filename="=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?="', "=?utf-8?q?a?="),
        (b'; filename="100%25.txt"', "100%25.txt"),
        (b'; filename*0="100%25"; filename*1*=%2e; filename*2=txt', "100%25.txt"),
        (b"; filename=zahler.csv; filename*=utf-8''z%C3%A4hler.csv", "zähler.csv"),
        (b"; filename=a.txt; filename*1=b", "a.txt"),
        (b"; filename*=z%C3%A4hler.csv", "zähler.csv"),
        (b"; filename*=windows-874''%B7.txt", "ท.txt"),
        (b"; filename*=us-ascii''%C3%A4.txt", "ä.txt"),
        (b'; filename="a;b\\"c.txt"; size=5', 'a;b"c.txt'),
        (b"; filename*=utf-8''z%C3%A4hler.csv", "zähler.csv"),
        (b"; filename*1*=%C3%A4.txt; filename*0*=utf-8''z", "zä.txt"),
        (b'; filename*0="long "; filename*1="name"', "long name"),
        (b'; filename="=?utf-8?q?z=C3=A4?= =?utf-8?q?hler?="', "zähler"),
        (b'; filename="a\0b\x1b.txt"', "a\ufffdb\ufffd.txt"),
        (b"; filename*=utf-8''a%00b", "a\ufffdb"),
        (b"; name=a", "without a name"),
        (b'; filename="' + b"x" * 5000, "x" * 200),
        (b'; filename="' + b"x" * 5000 + b'.pdf"', "x" * 196 + ".pdf"),
        (b'; filename="x.' + b"y" * 5000 + b'"', "x." + "y" * 198),
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
