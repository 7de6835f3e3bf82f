"""No text from outside costs more than linear time: each reader of it, with the worst there is.

Only processor time is measured, and only ratios are judged: between one size and ten times it.
"""

from __future__ import annotations

import gc
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from quartapp.mail import Attachment, MailError, Message
from quartapp.mail.addresses import Address, addresses, mailbox, recipients
from quartapp.mail.lines import escaped, plain
from quartapp.mail.mailbox import Entry, hints, read
from quartapp.mail.mailbox.colour import contrast
from quartapp.mail.mailbox.entry import LABEL
from quartapp.mail.mailbox.reading import subject_and_id
from quartapp.mail.message.fields import moment
from quartapp.mail.message.message_ids import message_id, message_ids
from quartapp.mail.message.unsubscribing import unsubscribe_links
from quartapp.mail.pages.looks import Excerpt, framed
from quartapp.mail.pages.searches import Search
from quartapp.mail.rendering.locales import language_tag
from quartapp.mail.rendering.text import text_of
from quartapp.mail.smtpd.commands import Refusal, masked, path
from quartapp.mail.smtpd.received import message_id_of
from quartapp.mail.transports.smtp.replies import Replies
from quartapp.web.forms import cleaned, objection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Reader = Callable[[str], object]

SMALL, LARGE = 5_000, 50_000

TRIFLE = 0.025
"""Seconds for the large text, under which nothing is worth a comparison."""

SLOW = 0.5
"""Seconds for the small text that linear time never takes."""

MOST = 20
"""Times as long for ten times the text; quadratic time would have a hundred."""

ANYTHING = [*" \t<>()\"'\\@,;:.=-&%/a9\n\0", "é", "\u0301\u0316", "²", "A ", "a@", '\\"']
ADDRESSES = ["a@b,", "<a@b>", '"a" ', '"\\', "a.", "a-", "xn--", "()", "((", "> ", "ß"]
WORDS = ["=?", "?=", "=?x?q?", "=?utf-8?q?", "=?utf-8?q?a?= ", "=?utf-8?b?YQ=", "=?utf-8?b?YQ==?="]
PARAMETERS = ["a=1;", ";a=", ';a="', '";"', ";a*0=", ";a*1*=%", "; ", "*"]
BODIES = [
    "=41",
    "=\n",
    "YQ==",
    "\n ",
    "\n\n",
    "a:\n",
    "--b\n",
    "--b--\n",
    "--b\n\n",
    "+AGEA-",
    "\33$B",
]
HTML = [
    *(
        "<a ",
        "<a b=",
        '<a b="',
        "<a href=x ",
        "<a href=x>",
        "</",
        "</a",
        "<!",
        "<!--",
        "<?",
        "<img ",
    ),
    *(
        "<![CDATA[",
        "<script>",
        "<title",
        "<html ",
        "<!doctype ",
        "<img src=cid:x>",
        "cid:",
        "cid:x ",
        '"cid:',
        "'cid:\"",
        "cid:&quot",
        "cid:&#00",
        "cid:%3",
    ),
    *(
        "<a style=a:b>",
        "a:b;",
        "a :",
        "rgb(1,",
        "&#1",
        "&#x1",
        "&amp",
        "(prefers-color-scheme:",
        "( ",
    ),
]
ELEMENTS = [
    *("<ul>", "<ul><li>a", "<blockquote>a", "<table><td>a", "<pre>a\n", "<br>", "<h1>a</h1>"),
    *("<p>", "<a href=https://x>a", "<div style=display:none>", "<b hidden>", "</ul>", "&#1"),
    *("<", "<!--", "<a ", "</a"),
]
KINDS = [
    (WORDS, "Subject From To"),
    (PARAMETERS, "Content-Type parameter boundary Content-Disposition file parts part"),
    (BODIES, "message part parts within digest's base64 quoted-printable utf-7 iso-2022-jp body"),
    (HTML, "html colour"),
    (ELEMENTS, "elements"),
    (ADDRESSES, "address name pair domain setting reply_to From MAIL RCPT"),
]


def shapes(name: str) -> list[str]:
    """What is repeated for a reader of that name."""
    asked = set(name.split())
    return ANYTHING + [
        unit for units, names in KINDS if asked & set(names.split()) for unit in units
    ]


def text(unit: str, size: int) -> str:
    """What matches nothing in the end, so that all that was matched is tried again."""
    return unit * (size // len(unit)) + "!"


def composed(**fields: object) -> bytes:
    fields = {"recipients": ["b@example.org"], "sender": "a@example.org", "body": "x", **fields}
    return Message(**fields).as_bytes()  # type: ignore[arg-type]


def received(head: str, text: str, body: str = "") -> list[str]:
    """A message that has the text behind this head, read as the mailbox's pages read it."""
    content = f"{head}{text}{body}".encode()
    subject_and_id(content)
    message = read(content)
    message.html()
    framed(message.markup or "", "dark")
    return hints(message)


def nested(text: str) -> list[str]:
    """Parts within parts, as many as a text is long."""
    part = "Content-Type: multipart/mixed; boundary=b{0}\n\n--b{0}\n"
    return received("".join(part.format(number) for number in range(len(text) // 50)), "")


def command(verb: str, before: str, text: str) -> None:
    with suppress(Refusal):
        assert path(verb, before + text).size >= 0


def attached(name: str, text: str) -> bytes:
    fields = {"filename": "a.txt", "data": b"x", name: text}
    return composed(attachments=[Attachment(**fields)])  # type: ignore[arg-type]


def header(name: str) -> Reader:
    return partial(received, f"{name}: ", body="\n\nx")


MULTIPART = 'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'
READERS: dict[str, Reader] = {
    "address": partial(Address.read, "to"),
    "name": lambda text: Address.read("to", f"{text} <a@example.org>"),
    "pair": lambda text: Address.read("to", (text, "a@example.org")),
    "domain": lambda text: Address.read("to", f"a@{text}"),
    "setting": lambda text: (mailbox(text), addresses(text), recipients(text)),
    "subject": lambda text: composed(subject=text),
    "reply_to": lambda text: composed(reply_to=text),
    "body": lambda text: composed(body=text, html=text),
    "alts": lambda text: composed(alts={f"calendar;{text}": "x"}),
    "charset": lambda text: composed(charset=text),
    "extra header": lambda text: composed(extra_headers={"X-A": text}),
    "address header": lambda text: composed(extra_headers={"Errors-To": text}),
    "id header": lambda text: composed(extra_headers={"References": text}),
    "link header": lambda text: composed(extra_headers={"List-Help": f"(\u00e4{text}"}),
    "list header": lambda text: composed(extra_headers={"List-Id": f"{text} <x.example.org>"}),
    "extra header's name": lambda text: composed(extra_headers={text: "x"}),
    "option": lambda text: composed(mail_options=[text]),
    "message id": partial(message_id, "msgId"),
    "references": partial(message_ids, "references"),
    "unsubscribe": unsubscribe_links,
    "unsubscribe by mail": lambda text: unsubscribe_links(f"mailto:a@x.org?{text}"),
    "date": partial(moment, "date"),
    "file name": partial(attached, "filename"),
    "content type": partial(attached, "content_type"),
    "content parameter": lambda text: attached("content_type", f"text/plain;{text}"),
    "disposition": partial(attached, "disposition"),
    "content id": lambda text: Attachment("a", data=b"", headers={"Content-ID": text}),
    "part header": lambda text: Attachment("a", data=b"", headers={"Content-Location": text}),
    "line": lambda text: (plain(text), escaped(text)),
    "From": header("From"),
    "To": header("To"),
    "Subject": header("Subject"),
    "Date": header("Date"),
    "Message-ID": header("Message-ID"),
    "Content-Type": header("Content-Type"),
    "received parameter": header("Content-Type: text/plain; charset"),
    "boundary": header("Content-Type: multipart/mixed; boundary"),
    "Content-Disposition": header("Content-Disposition: attachment"),
    "received file name": header("Content-Disposition: attachment; filename"),
    "Content-ID": header("Content-ID"),
    "transfer encoding": header("Content-Transfer-Encoding"),
    "message": partial(received, ""),
    "parts": partial(received, MULTIPART),
    "part": partial(received, f"{MULTIPART}Content-Type: "),
    "part within": partial(received, f"{MULTIPART}Content-Type: message/rfc822\n\n"),
    "digest's parts": partial(received, MULTIPART.replace("mixed", "digest")),
    "parts within parts": nested,
    "base64": partial(received, "Content-Transfer-Encoding: base64\n\n"),
    "quoted-printable": partial(received, "Content-Transfer-Encoding: quoted-printable\n\n"),
    "punycode": partial(received, "Content-Type: text/plain; charset=punycode\n\n"),
    "iso-2022-jp": partial(received, "Content-Type: text/plain; charset=iso-2022-jp\n\n"),
    "utf-7": partial(received, "Content-Type: text/plain; charset=utf-7\n\n"),
    "html": partial(received, "Content-Type: text/html\n\n"),
    "html tag": partial(received, "Content-Type: text/html\n\n<a "),
    "html comment": partial(received, "Content-Type: text/html\n\n<!--"),
    "html script": partial(received, "Content-Type: text/html\n\n<script>"),
    "html link": partial(received, "Content-Type: text/html\n\n<a href='"),
    "html style": partial(received, "Content-Type: text/html\n\n<a style='", body="'>"),
    "html scheme": partial(received, "Content-Type: text/html\n\n@media (prefers-color-scheme"),
    "colour": lambda text: (contrast(text, "red"), contrast(f"rgb({text}", "red")),
    "envelope": lambda text: Entry.from_line(LABEL + text.encode() + b"\r\n"),
    "excerpt": lambda text: (str(Excerpt.of(text)), Excerpt.of(text).escaped),
    "search": lambda text: Search.read(dict.fromkeys(("until", "status", "id"), text)).filter(),
    "MAIL": partial(command, "MAIL", ""),
    "MAIL FROM": partial(command, "MAIL", "FROM:<"),
    "MAIL SIZE": partial(command, "MAIL", "FROM:<> SIZE="),
    "RCPT": partial(command, "RCPT", "TO:<"),
    "command": masked,
    "received Message-ID": lambda text: message_id_of(b"message-id:" + text.encode()),
    "reply": lambda text: list(Replies().feed(b"250 " + text.encode() + b"\n")),
    "form": lambda text: objection(cleaned(text)),
    "elements as text": text_of,
    "locale": language_tag,
}


def cost(reader: Reader, text: str) -> float:
    """Seconds of this thread's processor time; what is refused is read too."""
    before = time.thread_time()
    # Whatever else is raised would be an error page.
    with suppress(MailError, ValueError, LookupError, ConnectionError):
        reader(text)
    return time.thread_time() - before


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("name", READERS)
def test_ten_times_the_text_takes_about_ten_times_as_long(name: str) -> None:
    for unit in shapes(name):
        tenth, small, large = (text(unit, size) for size in (SMALL // 10, SMALL, LARGE))
        assert cost(READERS[name], tenth) < SLOW, unit
        once = cost(READERS[name], small)
        assert once < SLOW, unit
        # Only what looks slow is measured again, since a busy machine looks slow too.
        if cost(READERS[name], large) > max(TRIFLE, MOST * once):
            assert best(READERS[name], large) < MOST * best(READERS[name], small), unit


def best(reader: Reader, given: str) -> float:
    """The seconds of the best of three times."""
    return min(cost(reader, given) for _ in range(3))
