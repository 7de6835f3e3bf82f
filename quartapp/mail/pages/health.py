"""Whether this process lives, whether it can serve, and numbers for Prometheus."""

from __future__ import annotations

import asyncio
from inspect import isawaitable
from typing import TYPE_CHECKING, TypeAlias

from quart import current_app

from quartapp.database import DatabaseUnavailable
from quartapp.mail.errors import OutboxUnavailable
from quartapp.mail.host import is_development
from quartapp.mail.pages import metrics
from quartapp.mail.pages.answers import as_json
from quartapp.mail.pages.blueprint import Pages
from quartapp.mail.pages.guard import guard, has_operator
from quartapp.mail.pages.service import mail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quart import Blueprint
    from quart.typing import ResponseReturnValue

    from quartapp.mail.operator import Operator
    from quartapp.mail.pages.access import Allow

    Ready: TypeAlias = Callable[[], str | Awaitable[str | None] | None]

__all__ = ["Ready", "blueprint"]

PATIENCE = 5.0
"""How long the database may take to answer, in seconds."""

NAME = "mail_health"


def blueprint(allow: Allow | None, ready: Ready | None) -> Blueprint:
    """The pages, to be registered on an app. See `Pages`."""

    async def readyz() -> ResponseReturnValue:
        """The process can serve: its database is there and current, messages go out.

        A mail server outage is no reason: messages wait for it. The breaker says whether they do;
        it is null where this process sends nothing.
        """
        reasons = [*await _about_database(), *_about_dispatcher()]
        if ready and (reason := await _asked(ready)):
            reasons.append(reason)
        told = {"ready": not reasons, "reasons": reasons, "breaker": mail().worker.breaker}
        return as_json(told, 503 if reasons else 200)

    pages = Pages(NAME, "", allow or _operator_if_any, guarded={metrics.scrape.__name__})
    pages.add("/healthz", healthz)
    pages.add("/readyz", readyz)
    pages.add("/metrics", metrics.scrape)
    pages.record(metrics.count_from_the_start)
    return pages


async def healthz() -> ResponseReturnValue:
    """The process answers."""
    return as_json({"status": "ok"})


async def _operator_if_any() -> bool | Operator:
    """Without an operator numbers are for everybody in development, and for nobody elsewhere."""
    is_open = is_development(current_app.config) and not has_operator()
    return True if is_open else await guard(local=False)


async def _asked(ready: Ready) -> str | None:
    answer = await current_app.ensure_async(ready)()
    return await answer if isawaitable(answer) else answer


async def _about_database() -> list[str]:
    try:
        async with asyncio.timeout(PATIENCE):
            current, newest = await mail().revisions()
    except (DatabaseUnavailable, OutboxUnavailable, TimeoutError):
        return ["The database does not answer."]
    if current != newest:
        return [f"The mail tables are at version {current or 'none'}, not {newest}."]
    return []


def _about_dispatcher() -> list[str]:
    if mail().is_running or not mail().settings.dispatch:
        return []
    return ["Messages are not being delivered: the dispatcher has stopped."]
