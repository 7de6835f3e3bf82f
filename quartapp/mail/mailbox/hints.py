"""Possible problems of a message: short and true, and nothing about taste.

Linear in the size of the message by construction, and of its HTML only the beginning is read: it
needs no time limit.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from quartapp.mail.errors import MessageError
from quartapp.mail.mailbox.markup import Markup
from quartapp.mail.message.fields import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quartapp.mail.mailbox.reading import ReadMessage

__all__ = ["hints"]

logger = logging.getLogger(__name__)

CLIPPED = 102 * 1024
"""Bytes of HTML after which Gmail cuts a message off."""

MOST = 5
"""How many of a kind are named; nobody reads a page of complaints."""

ONCE = ("Date", "From", "Subject", "Message-ID", "MIME-Version")
"""Headers that a message has, and has once (RFC 5322 section 3.6, RFC 2045 section 4)."""

RECIPIENTS = {"to", "cc", "bcc"}

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def hints(message: ReadMessage) -> list[str]:
    """The message's possible problems, a sentence each. What cannot be looked at is left out."""
    found: list[str] = []
    for look in (_about_headers, _about_forms, _about_html):
        try:
            found.extend(look(message))
        except Exception:  # a message may be anything, and a hint is worth no error
            logger.exception("hints on a message failed")
    return found


def _about_headers(message: ReadMessage) -> Iterator[str]:
    counts = Counter(name.lower() for name, _ in message.headers)
    for name in ONCE:
        if not counts[name.lower()]:
            yield f"It has no {name} header."
        elif counts[name.lower()] > 1:
            yield f"It has {counts[name.lower()]} {name} headers; one is allowed."
    if not RECIPIENTS & counts.keys():
        yield "It has no To header: some filters take that for spam."
    values = {name.lower(): value for name, value in reversed(message.headers)}
    yield from _odd(values)


def _odd(values: dict[str, str]) -> Iterator[str]:
    if "subject" in values and not values["subject"].strip():
        yield "Its subject is empty."
    if "from" in values and "@" not in QUOTED.sub("", values["from"]):
        yield "Its From header has no address."
    if "date" in values and not _is_date(values["date"]):
        yield "Its Date header is not a date (RFC 5322)."
    domain = values.get("message-id", "x@example.org").rpartition("@")[2].rstrip("> ")
    if "." not in domain:
        ending = domain[:80] or "nothing"
        yield f"Its Message-ID ends in {ending}, which is no domain of the internet."


def _is_date(value: str) -> bool:
    try:
        return bool(moment("Date", value))
    except MessageError:
        return False


def _about_forms(message: ReadMessage) -> Iterator[str]:
    if message.text is None and message.markup is not None:
        yield "No plain-text part: text-only readers see nothing, and spam filters penalise it."
    if message.text is None and message.markup is None:
        yield "Empty: neither text nor HTML."


def _about_html(message: ReadMessage) -> Iterator[str]:
    if message.markup is None:
        return
    size = len(message.markup.encode(errors="replace"))
    if size > CLIPPED:
        yield f"Its HTML has {size // 1024} KiB: Gmail cuts it off after 102."
    markup, there = Markup.read(message.markup), message.pictures
    for target in islice(markup.relative_links, MOST):
        yield f"The link {target} is relative: in a message it leads nowhere."
    for target in islice(markup.relative_images, MOST):
        yield f"The image {target} is relative: in a message there is nothing to be found."
    for name in islice((name for name in markup.pictures if name not in there), MOST):
        yield f"The image cid:{name[:80]} is shown, and is not in the message."
    for tag in islice(markup.removed, MOST):
        yield f"Mail readers remove <{tag}>."
    for width in islice(markup.too_wide, MOST):
        yield f"An element is {width} px wide; 600 px is the safe maximum."
    for ink, paper, ratio in islice(markup.faint, MOST):
        yield f"{ink} on {paper} has a contrast of {ratio:.1f}:1; reading asks for 4.5:1."
