"""One message's progress, for the visitor who caused it: a page, JSON, and live events."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quart import Blueprint, Response, abort, current_app, render_template, request

from quartapp.mail import MailError
from quartapp.web.accept import wants_json
from quartapp.web.progress import progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from quart.typing import ResponseReturnValue

    from quartapp.mail import Delivery, Mail
    from quartapp.web.progress import Progress
    from quartapp.web.streams import Streams

__all__ = ["deliveries", "progress_of"]

LIFE = 2.0
"""Seconds that one stream lasts. Browsers reconnect on their own, and a server that stops need not
wait for them, which some would do for ever. Less than the three seconds that `quart run` grants."""

RECONNECT = 1000
"""Milliseconds after which a browser connects again."""

POLL = range(4000, 8000)
"""The same where there is no place for a stream: browsers then poll, and not all at once. They
would give up on a 503."""

deliveries = Blueprint("deliveries", __name__, url_prefix="/deliveries")


@deliveries.get("/<delivery_id>")
async def show(delivery_id: str) -> ResponseReturnValue:
    """The message as it stands."""
    current = await progress_of(delivery_id) or abort(404)
    if wants_json():
        return asdict(current)
    return await render_template("delivery.html", delivery_id=delivery_id, progress=current)


@deliveries.get("/<delivery_id>/events")
async def events(delivery_id: str) -> ResponseReturnValue:
    """The message's changes as server-sent events, for a short while.

    Beyond a number of streams only how it stands, and the browser asks again in a while.
    """
    service: Mail = current_app.extensions["mail"]
    if await service.get(delivery_id) is None:
        abort(404)
    # Made here: a stream has no app context.
    streams, client = current_app.extensions["streams"], request.remote_addr or ""
    told = _stream(service, delivery_id, streams, client)
    response = Response(told, content_type="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def progress_of(delivery_id: str) -> Progress | None:
    """What is told about a message, None if there is no such message."""
    delivery = await current_app.extensions["mail"].get(delivery_id)
    return progress(delivery, datetime.now(UTC)) if delivery else None


async def _stream(
    service: Mail, delivery_id: str, streams: Streams, client: str
) -> AsyncGenerator[str]:
    with streams.place(client) as has_place:
        retry = RECONNECT if has_place else random.choice(POLL)  # noqa: S311 - nobody's secret
        yield f"retry: {retry}\n\n"
        async for delivery in _changes(service, delivery_id):
            change = asdict(progress(delivery, datetime.now(UTC)))
            yield f"data: {json.dumps(change)}\n\n"
            if not has_place:
                return


async def _changes(service: Mail, delivery_id: str) -> AsyncGenerator[Delivery]:
    """The message's changes, until it is final or the stream's time is up."""
    loop = asyncio.get_running_loop()
    changes, ends = service.watch(delivery_id), loop.time() + LIFE
    while (rest := ends - loop.time()) > 0:
        try:
            yield await asyncio.wait_for(anext(changes), rest)
        except (StopAsyncIteration, TimeoutError, LookupError, MailError):
            return
