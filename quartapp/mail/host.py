"""What the mail service asks of an application, and the least that can answer."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jinja2 import Environment, FileSystemLoader, TemplateNotFound, select_autoescape

from quartapp.mail.templating import RenderedTemplate, Templates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

__all__ = ["Host", "PlainHost", "is_development"]


class Host(Protocol):
    """What `MailService` asks of an application. A Quart app is adapted by `Mail.init_app`.

    app
        What signals are sent with: the application itself.
    config
        Its settings, read when the service is made; MAIL_SUPPRESS_SEND, TESTING and DEBUG are
        also read later.
    extensions
        What belongs to the app and not to the service.
    folder
        Where files go for which no other place is set.
    """

    @property
    def app(self) -> Any: ...

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> Mapping[str, Any]: ...

    @property
    def extensions(self) -> dict[str, Any]: ...

    @property
    def folder(self) -> Path: ...

    def ensure_async(self, function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        """An async function that calls `function`, which may be sync."""
        ...

    def app_context(self) -> AbstractAsyncContextManager[Any]:
        """What receivers of signals are called in."""
        ...

    async def render(
        self, templates: Sequence[str], context: Mapping[str, Any], *, strict: bool = True
    ) -> list[RenderedTemplate | None]:
        """Each template rendered, None for one that does not exist.

        strict
            Whether what is undefined is an error (MAIL_STRICT_TEMPLATES).

        Raises what a template raises, for a file that it includes or extends too.
        """
        ...


class PlainHost:
    """A `Host` without a web framework: settings, a folder, and templates if you give it some.

    templates
        A folder of Jinja templates, escaped in `.html` and not in `.txt`, or a Jinja `Environment`.
    render
        For templates of another kind: renders one, sync or async, and raises Jinja's
        `TemplateNotFound` for one that does not exist.

    Without either, `send_email` finds no template.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        name: str = "mail",
        folder: Path | None = None,
        templates: str | Path | Environment | None = None,
        render: Callable[[str, Mapping[str, Any]], Any] | None = None,
    ) -> None:
        self.name = name
        self.config = config
        self.extensions: dict[str, Any] = {}
        self.folder = folder or Path("instance").absolute()
        self._render = render
        self._templates = None if templates is None else _templates(templates)

    def __repr__(self) -> str:
        return f"<PlainHost {self.name}>"

    @property
    def app(self) -> PlainHost:
        """Itself: signals are sent with it."""
        return self

    def ensure_async(self, function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        """An async function that calls `function`, in the event loop."""
        return function if iscoroutinefunction(function) else partial(_call, function)

    @asynccontextmanager
    async def app_context(self) -> AsyncIterator[None]:
        """Nothing is to be prepared for a receiver."""
        yield

    async def render(
        self, templates: Sequence[str], context: Mapping[str, Any], *, strict: bool = True
    ) -> list[RenderedTemplate | None]:
        """Each template rendered, None for one that does not exist.

        strict
            See `Host.render`; a `render` of another kind decides for itself.
        """
        if self._templates is not None:
            return [
                await self._templates.render(each, context, strict=strict) for each in templates
            ]
        return [await self._rendered(name, context) for name in templates]

    async def _rendered(self, name: str, context: Mapping[str, Any]) -> RenderedTemplate | None:
        if self._render is None:
            return None
        try:
            text: str = await self.ensure_async(self._render)(name, context)
        except TemplateNotFound as missing:
            # A file that the template includes or extends is the template's own fault.
            if missing.name != name:
                raise
            return None
        return RenderedTemplate(text)


def _templates(given: str | Path | Environment) -> Templates:
    if isinstance(given, Environment):
        return Templates(lambda: given)
    environment = Environment(
        loader=FileSystemLoader(given), autoescape=select_autoescape(), enable_async=True
    )
    return Templates(lambda: environment)


async def _call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    return function(*arguments, **named)


def is_development(config: Mapping[str, Any]) -> bool:
    """Whether the app runs under debug or TESTING. Quart knows of debug once the app is loaded."""
    return bool(config.get("DEBUG") or config.get("TESTING"))
