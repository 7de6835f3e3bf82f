"""A Quart app as the host of the mail service: its start and stop, and what the service asks."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quart import Blueprint, Quart, has_app_context
from quart.globals import app_ctx
from quart.signals import before_render_template, got_serving_exception, template_rendered

from quartapp.mail.errors import MailError
from quartapp.mail.templating import Templates, rendered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from jinja2 import Template

    from quartapp.mail.service import MailService
    from quartapp.mail.templating import RenderedTemplate

__all__ = ["Lifespan", "QuartHost"]

logger = logging.getLogger(__name__)

FLASKS = Blueprint("flask", __name__).template_context_processors[None]
"""What every blueprint has from Flask."""

UPDATE_TAKES_CONTEXT = "ctx" in signature(Quart.update_template_context).parameters
"""Since Quart 0.23."""


class Lifespan(AsyncGenerator[None, None]):
    """Runs the service while the app serves, any number of times.

    It starts after every `before_serving` hook, so that it sees what they open, and stops before
    every `after_serving` hook, so that it is still open. A generator function given to
    `while_serving` could do that once: Quart keeps the generator. This object takes the place of
    one and can be started again.
    """

    def __init__(self, app: Quart, service: MailService) -> None:
        self._app = app
        self._service = service
        self._is_up = False
        app.while_serving(lambda: self)
        app.before_serving(self._to_the_end)
        # Quart tells nobody else when a later hook fails at the start.
        got_serving_exception.connect(self._failed, app)

    async def asend(self, value: None, /) -> None:
        """Start, or stop where the app is shutting down."""
        if self._app.shutdown_event.is_set():
            await self._stop()
            raise StopAsyncIteration
        # A start that was cancelled in a later hook has left it up.
        await self._stop()
        leave_stopping_to_the_master()
        _warn_of_raw_values(self._app)
        _drop_idle_processors(self._app)
        try:
            await self._service.start()
        except MailError as error:
            # First, and in one line: the server adds its own traceback.
            logger.critical("mail cannot start: %s", error)
            raise
        self._is_up = True

    async def athrow(self, *error: Any) -> None:
        """Stop; only a garbage collector comes by here."""
        await self._stop()
        raise StopAsyncIteration

    async def _to_the_end(self) -> None:
        """Go behind generators that were registered later: they may open what we need."""
        generators = self._app.while_serving_gens
        generators.remove(self)
        generators.append(self)

    async def _failed(self, _app: Quart, **_: object) -> None:
        await self._stop()

    async def _stop(self) -> None:
        if not self._is_up:
            return
        self._is_up = False
        try:
            await self._service.stop()
        except Exception:
            # Raised, it would keep the app from running its own hooks.
            logger.exception("mail did not stop cleanly")


def leave_stopping_to_the_master() -> None:
    """In a worker process of hypercorn's, ignore SIGTERM while its master is there to stop it.

    hypercorn (0.18) stops workers through an event, and gives them no way to handle SIGTERM. But
    they get one: from systemd and others, who signal the whole group, and from their own master, as
    soon as the first of them has ended. It would cut off what the others still have on the wire.
    """
    if _is_worker() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _end_if_orphaned)


def _is_worker() -> bool:
    is_hypercorn = "hypercorn" in Path(sys.argv[0]).parts[-2:]
    return is_hypercorn and multiprocessing.parent_process() is not None


def _end_if_orphaned() -> None:
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)


def _warn_of_raw_values(app: Quart) -> None:
    """Say so where the app's templates put values into the HTML of messages as they are."""
    escapes = app.jinja_env.autoescape
    if not (escapes("mail/message.html") if callable(escapes) else escapes):
        logger.warning(
            "autoescape is off for .html templates, so a value can put markup into a message: "
            "turn it on in app.jinja_options, or escape each value with |e"
        )


def _drop_idle_processors(app: Quart) -> None:
    """Drop the context processor of Flask's that Quart leaves in every blueprint.

    It finds nothing under Quart, and being sync it costs a thread for every template that a view of
    the blueprint renders: most of what rendering a message takes.
    """
    for name, processors in app.template_context_processors.items():
        if name is not None:
            processors[:] = [each for each in processors if each not in FLASKS]


class QuartHost:
    """What the service asks of an app, answered by Quart."""

    def __init__(self, app: Quart) -> None:
        self.app = app
        self._templates = Templates(lambda: app.jinja_env)

    @property
    def name(self) -> str:
        """The app's name."""
        return self.app.name

    @property
    def config(self) -> Mapping[str, Any]:
        """The app's settings."""
        return self.app.config

    @property
    def extensions(self) -> dict[str, Any]:
        """The app's extensions."""
        return self.app.extensions

    @property
    def folder(self) -> Path:
        """The instance folder."""
        return Path(self.app.instance_path)

    def ensure_async(self, function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        """An async function that calls `function`, in a thread if it is sync."""
        return self.app.ensure_async(function)

    @asynccontextmanager
    async def app_context(self) -> AsyncIterator[None]:
        """An app context."""
        async with self.app.app_context():
            yield

    async def render(
        self, templates: Sequence[str], context: Mapping[str, Any], *, strict: bool = True
    ) -> list[RenderedTemplate | None]:
        """Templates of the app's, in the current app context or in a new one.

        What the app adds to the context of its templates is asked for once for all of them.
        """
        found = [self._templates.find(name, strict=strict) for name in templates]
        if not any(found):
            return [None] * len(found)
        if not has_app_context():
            async with self.app.app_context():
                return await self._render(found, context)
        return await self._render(found, context)

    async def _render(
        self, templates: Sequence[Template | None], context: Mapping[str, Any]
    ) -> list[RenderedTemplate | None]:
        variables = dict(context)
        update: Any = self.app.update_template_context
        await (update(app_ctx, variables) if UPDATE_TAKES_CONTEXT else update(variables))
        return [await self._rendered(each, {**variables}) if each else None for each in templates]

    async def _rendered(self, template: Template, variables: dict[str, Any]) -> RenderedTemplate:
        told: dict[str, Any] = {
            "_sync_wrapper": self.app.ensure_async,
            "template": template,
            "context": variables,
        }
        await before_render_template.send_async(self.app, **told)
        done = await rendered(template, variables)
        await template_rendered.send_async(self.app, **told)
        return done
