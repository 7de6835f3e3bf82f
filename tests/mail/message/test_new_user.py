"""The message about a new user: its sentence, and what it does with the names people have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from quart import Quart

from quartapp.mail.lifespan import QuartHost
from quartapp.mail.rendering import compose
from quartapp.mail.settings import MailSettings
from quartapp.models import User

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Rendered = Callable[..., Awaitable[tuple[str, str]]]

TEMPLATES = Path(__file__).parents[3] / "templates"


@dataclass
class Named:
    """A user with a name, and nothing else."""

    username: str


@pytest.fixture
def rendered() -> Rendered:
    """The message as text and as HTML, rendered outside any request."""
    host = QuartHost(Quart("messages", template_folder=str(TEMPLATES)))

    async def both(user: object, **context: Any) -> tuple[str, str]:
        named = {"user": user, **context}
        message = await compose(
            host, MailSettings(), "ada@example.com", "New User", "mail/new_user", named
        )
        return message.body or "", message.html or ""

    return both


def visible(html: str) -> str:
    """The words between the tags."""
    return unescape(re.sub(r"<[^>]*>", "", html.partition("<table")[2].partition(">")[2]))


async def test_a_name_is_enough(rendered: Rendered) -> None:
    text, html = await rendered(Named("Ada"))

    assert text.startswith("User Ada has joined.\n")
    assert "User Ada has joined." in html
    assert "User Ada has joined." in visible(html)
    assert "you are the administrator" in text
    assert "you are the administrator" in visible(html)
    assert "UTC" not in text + html
    assert "href" not in html


async def test_an_unsaved_user_will_do(rendered: Rendered) -> None:
    text, html = await rendered(User(username="Ada"))

    assert "User Ada has joined." in text
    assert "User Ada has joined." in visible(html)


@pytest.mark.parametrize(
    "joined",
    [
        datetime(2026, 11, 24, 9, 30),
        datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        datetime(2026, 11, 24, 18, 30, tzinfo=timezone(timedelta(hours=9))),
    ],
)
async def test_the_time_is_told_in_utc(rendered: Rendered, joined: datetime) -> None:
    text, html = await rendered(User(username="Ada", created_at=joined))

    assert "2026-11-24 09:30 UTC" in text
    assert "2026-11-24 09:30 UTC" in visible(html)


async def test_the_app_is_linked_where_its_address_is_known(rendered: Rendered) -> None:
    text, html = await rendered(Named("Ada"), url="https://app.example/?a=1&b=2")

    assert "https://app.example/?a=1&b=2" in text.splitlines()[-3]
    assert 'href="https://app.example/?a=1&amp;b=2"' in html


async def test_no_address_is_no_link(rendered: Rendered) -> None:
    text, html = await rendered(Named("Ada"), url=None)

    assert "None" not in text + html
    assert "href" not in html


async def test_a_name_is_escaped_in_the_html_and_not_in_the_text(rendered: Rendered) -> None:
    text, html = await rendered(Named("<script>alert(1)</script>"))

    assert "User <script>alert(1)</script> has joined." in text
    assert "User &lt;script&gt;alert(1)&lt;/script&gt; has joined." in html
    assert "<script" not in html


async def test_a_name_from_right_to_left_stays_in_its_place(rendered: Rendered) -> None:
    _, html = await rendered(Named("שרה"))

    assert "User <strong><bdi>שרה</bdi></strong> has joined." in html
    assert '<html lang="en" dir="ltr">' in html


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back"), [("text", "card"), ("muted", "card"), ("button a", "button")]
)
async def test_every_word_is_readable(
    rendered: Rendered, scheme: str, front: str, back: str
) -> None:
    _, html = await rendered(
        User(username="Ada", created_at=datetime(2026, 11, 24)), url="https://app.example/"
    )
    colours = {"light": light, "dark": dark}[scheme]

    ratio = contrast(colours(html, front, "color"), colours(html, back, "background-color"))

    assert ratio >= 4.5


def light(html: str, name: str, kind: str) -> str:
    """A colour from the styles of the first tag with that class, or of the link in it."""
    tag = html.partition(f'class="{name.split()[0]}"')[2].partition("<a" if " " in name else "=")[2]
    return found(rf'[";]{kind}:(#\w+)', tag)


def dark(html: str, name: str, kind: str) -> str:
    """A colour from the rules for dark screens."""
    return found(rf"\.{name} {{ {kind}: (#\w+)", html)


def found(pattern: str, text: str) -> str:
    """What the pattern's group matches first."""
    (colour, *_) = re.findall(pattern, text)
    return str(colour)


def contrast(one: str, other: str) -> float:
    """How well two colours can be told apart, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """How bright a colour is, 0 to 1 (WCAG 2.2)."""
    red, green, blue = (
        ((octet / 255 + 0.055) / 1.055) ** 2.4 for octet in bytes.fromhex(colour[1:])
    )
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


async def test_the_html_is_fit_for_mail_readers(rendered: Rendered) -> None:
    _, html = await rendered(Named("W" * 64), url="https://app.example/")

    assert '<meta charset="utf-8">' in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "max-width:600px" in html
    assert "overflow-wrap:anywhere" in html
    assert "<img" not in html
    assert len(html.encode()) < 10_000
