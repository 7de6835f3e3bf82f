"""Whether this process lives, and whether it can serve."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quart import Blueprint, current_app

from quartapp.mail.errors import OutboxUnavailable

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

__all__ = ["health"]

PATIENCE = 5.0
"""How long the database may take to answer, in seconds."""

health = Blueprint("health", __name__)


@health.get("/healthz")
async def healthz() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@health.get("/readyz")
async def readyz() -> ResponseReturnValue:
    """The process can take requests: its database is there and current, messages go out.

    A mail server in trouble is no reason: messages wait for it. The breaker says whether they do;
    it is null where this process sends nothing.
    """
    reasons = [*await _about_database(), *_about_dispatcher()]
    breaker = current_app.extensions["mail"].worker.breaker
    told = {"ready": not reasons, "reasons": reasons, "breaker": breaker}
    return told, 503 if reasons else 200


async def _about_database() -> list[str]:
    try:
        async with asyncio.timeout(PATIENCE):
            versions = [await current_app.extensions[name].revisions() for name in ("mail",)]
    except (OutboxUnavailable, TimeoutError):
        return ["The database does not answer."]
    if any(current != newest for current, newest in versions):
        return ["The database is at another version: run quartapp db upgrade."]
    return []


def _about_dispatcher() -> list[str]:
    if not current_app.config["MAIL_DISPATCH"] or current_app.extensions["mail"].is_running:
        return []
    return ["Messages are not being delivered: the dispatcher has stopped."]
