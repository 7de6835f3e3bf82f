"""How a pair of templates becomes the two forms of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jinja2 import Template, TemplateNotFound, UndefinedError
from quart import Quart
from quart.signals import before_render_template, template_rendered

from quartapp.mail import MessageError
from quartapp.mail.lifespan import QuartHost
from quartapp.mail.rendering import compose
from quartapp.mail.settings import MailSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """Where the app of this test looks for templates."""
    return tmp_path


@pytest.fixture
def app(templates: Path) -> Quart:
    """An app that knows nothing but its templates."""
    return Quart("messages", template_folder=str(templates), root_path=str(templates))


async def render(app: Quart, template: str, **context: object) -> tuple[str | None, str | None]:
    """The text and the HTML of a message, written where there is no app context."""
    host = QuartHost(app)
    message = await compose(host, MailSettings(), "ada@example.com", "Hi", template, context)
    return message.body, message.html


async def test_values_are_escaped_in_the_html_and_not_in_the_text(
    app: Quart, templates: Path
) -> None:
    (templates / "hi.txt").write_text("Hi {{ name }}", "utf-8")
    (templates / "hi.html").write_text("<p>Hi {{ name }}", "utf-8")

    rendered = await render(app, "hi", name="<script>Zoë & Co")

    assert rendered == ("Hi <script>Zoë & Co", "<p>Hi &lt;script&gt;Zoë &amp; Co")


async def test_a_message_may_be_text_alone(app: Quart, templates: Path) -> None:
    (templates / "hi.txt").write_text("Hi", "utf-8")

    rendered = await render(app, "hi")

    assert rendered == ("Hi", None)


async def test_a_message_of_html_alone_has_its_words_as_text(app: Quart, templates: Path) -> None:
    (templates / "hi.html").write_text("<p>Hi", "utf-8")

    rendered = await render(app, "hi")

    assert rendered == ("Hi", "<p>Hi")


async def test_a_message_without_templates_names_both_paths(app: Quart) -> None:
    with pytest.raises(MessageError, match=r"no mail template mail/hi\.txt and no mail/hi\.ht"):
        await render(app, "mail/hi")


async def test_a_missing_include_is_not_a_missing_message(app: Quart, templates: Path) -> None:
    (templates / "hi.txt").write_text("Hi", "utf-8")
    (templates / "hi.html").write_text("{% include 'footer.html' %}", "utf-8")

    with pytest.raises(TemplateNotFound, match=r"footer\.html"):
        await render(app, "hi")


async def test_a_template_that_does_not_render_says_why(app: Quart, templates: Path) -> None:
    (templates / "hi.txt").write_text("{{ user.name.first }}", "utf-8")

    with pytest.raises(UndefinedError, match="'user' is undefined"):
        await render(app, "hi")


async def test_the_app_is_asked_once_for_what_both_templates_have(
    app: Quart, templates: Path
) -> None:
    (templates / "hi.txt").write_text("{{ asked }}", "utf-8")
    (templates / "hi.html").write_text("{{ asked }}", "utf-8")
    asked: list[None] = []

    @app.context_processor
    async def count() -> dict[str, int]:
        asked.append(None)
        return {"asked": len(asked)}

    assert await render(app, "hi") == ("1", "1")


async def test_receivers_of_quarts_signals_are_told_of_each_template(
    app: Quart, templates: Path
) -> None:
    (templates / "hi.txt").write_text("Hi {{ name }}", "utf-8")
    (templates / "hi.html").write_text("Hi {{ name }}", "utf-8")
    told = []

    async def tell(_app: Quart, template: Template, context: dict[str, object]) -> None:
        told.append((template.name, context["name"]))

    with before_render_template.connected_to(tell, app), template_rendered.connected_to(tell, app):
        await render(app, "hi", name="Ada")

    assert told == [("hi.txt", "Ada")] * 2 + [("hi.html", "Ada")] * 2
