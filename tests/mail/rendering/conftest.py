"""An app that knows nothing but its mail templates, and what they make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from quart import Quart

from quartapp.mail.lifespan import QuartHost
from quartapp.mail.rendering import compose
from quartapp.mail.settings import MailSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from quartapp.mail import Message

    Compose = Callable[..., Awaitable[Message]]


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """Where the app of this test looks for templates."""
    folder = tmp_path / "templates"
    folder.mkdir()
    return folder


@pytest.fixture
def app(templates: Path) -> Quart:
    """An app that knows nothing but its templates."""
    return Quart("messages", template_folder=str(templates), root_path=str(templates.parent))


@pytest.fixture
def write(templates: Path) -> Callable[[str, str | bytes], None]:
    """Write a file among the templates."""

    def written(name: str, content: str | bytes) -> None:
        path = templates / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return written


@pytest.fixture
def composed(app: Quart) -> Compose:
    """The message of templates; settings by their names, all else is the context."""

    async def message(
        template: str, subject: str | None = "Hi", locale: object = None, **context: Any
    ) -> Message:
        names = ("inline_css", "strict_templates", "max_size", "subject_prefix")
        settings = MailSettings(**{n: context.pop(n) for n in names if n in context})
        return await compose(
            QuartHost(app), settings, "ada@example.com", subject, template, context, locale
        )

    return message
