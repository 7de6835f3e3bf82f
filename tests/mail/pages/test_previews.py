"""Previews: what is written, what is missing, and where a template is broken."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from quart import Quart

PREVIEW = "/dev/mail/previews/new_user"


@pytest.fixture
def templates(app: Quart, tmp_path: Path) -> Path:
    """A copy of the app's templates, which it uses from now on."""
    copy = tmp_path / "templates"
    searched = app.jinja_loader.searchpath
    shutil.copytree(searched[0], copy)
    searched[:] = [str(copy)]
    return copy / "mail"


async def test_every_pair_is_listed_with_its_subject(visitor):
    page = await visitor.see("/dev/mail/previews/")

    assert f'href="{PREVIEW}"' in page
    assert "[Flasky] New User" in page
    assert ".html .txt" in page


async def test_a_pair_is_shown_as_it_would_be_sent(visitor):
    assert f'src="{PREVIEW}/html"' in await visitor.see(PREVIEW)
    assert "User Ada Lovelace has joined." in await visitor.see(f"{PREVIEW}?view=text")
    assert "auto-generated" in await visitor.see(f"{PREVIEW}?view=headers")
    html = await visitor.get(f"{PREVIEW}/html?scheme=dark")
    assert "sandbox allow-popups" in html.headers["Content-Security-Policy"]
    assert "prefers-color-scheme: dark" not in await html.get_data(as_text=True)


async def test_nothing_is_sent(app, visitor):
    await visitor.see(PREVIEW)

    assert await app.extensions["mail"].find() == []


async def test_an_edit_shows_on_reload(visitor, templates):
    before = await visitor.see(f"{PREVIEW}?view=text")
    (templates / "new_user.txt").write_text("Good news: {{ user.username }}!")

    assert "has joined" in before
    assert "Good news: Ada Lovelace!" in await visitor.see(f"{PREVIEW}?view=text")


@pytest.mark.parametrize(
    ("broken", "line", "words"),
    [
        ("one\ntwo {{ user. }}\n", 2, "expected name or number"),
        ("one\n\n{{ 1 / 0 }}\n", 3, "ZeroDivisionError: division by zero"),
        ("{% include 'nowhere.txt' %}", 1, "TemplateNotFound: nowhere.txt"),
        (
            "one\n{{ user.usrname }}\n",
            2,
            "has no attribute",
        ),
    ],
)
async def test_a_broken_template_is_shown_with_its_line(visitor, templates, broken, line, words):
    (templates / "new_user.txt").write_text(broken)

    answer = await visitor.get(PREVIEW)
    page = await answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert words in page
    assert f"new_user.txt, line {line}" in page
    assert f"<mark>{line:4d}  " in page
    assert words in await visitor.see("/dev/mail/previews/")


async def test_broken_sample_data_is_shown_with_its_line(visitor, templates):
    (templates / "new_user.sample.toml").write_text("subject = 'x'\nuser = \n")

    page = await visitor.see(PREVIEW)

    assert "new_user.sample.toml, line 2" in page
    assert "Invalid value" in page


async def test_a_pair_without_sample_data_says_what_to_write(visitor, templates):
    (templates / "invites").mkdir()
    (templates / "invites" / "first.txt").write_text("Hello.")
    (templates / "_footer.html").write_text("part of others")

    page = await visitor.see("/dev/mail/previews/invites/first")

    assert "templates/mail/invites/first.sample.toml" in page
    assert "footer" not in await visitor.see("/dev/mail/previews/")
    assert (await visitor.get("/dev/mail/previews/nothing")).status_code == 404
    assert (await visitor.get("/dev/mail/previews/invites/first/html")).status_code == 404


async def test_languages_are_shown_one_by_one(visitor, templates):
    (templates / "new_user.de.txt").write_text("Neu: {{ user.username }}")
    (templates / "new_user.de.html").write_text("<p>Neu: {{ user.username }}")
    (templates / "new_user.subject.txt").write_text("A subject")

    assert "locale=de" in await visitor.see(PREVIEW)
    assert "Neu: Ada Lovelace" in await visitor.see(f"{PREVIEW}?view=text&locale=de")
    assert "has joined" in await visitor.see(f"{PREVIEW}?view=text&locale=default")
    html = await visitor.get(f"{PREVIEW}/html?locale=de")
    assert "<p>Neu: Ada" in await html.get_data(as_text=True)
    assert (await visitor.get(f"{PREVIEW}?locale=fr")).status_code == 404
    page = await visitor.see("/dev/mail/previews/")
    assert page.count(f'href="{PREVIEW}') == 1
    assert 'href="/dev/mail/previews/base' not in page


async def test_a_preview_has_the_subject_of_its_templates(visitor, templates):
    (templates / "new_user.sample.toml").write_text("[user]\nusername = 'Ada'")
    assert "[Flasky] New user" in await visitor.see(PREVIEW)

    (templates / "new_user.subject.txt").write_text("About {{ user.username }}")
    assert "[Flasky] About Ada" in await visitor.see(PREVIEW)
