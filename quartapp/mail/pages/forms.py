"""How much a form may send: what our pages need, whatever the host's own limits are."""

from __future__ import annotations

import asyncio

from quart import request
from werkzeug.exceptions import RequestEntityTooLarge

from quartapp.mail.pages.answers import refusal

__all__ = ["limit_form"]

MOST_BYTES = 64 * 1024

MOST_FIELDS = 50 + 20
"""One for each row of a page, and those of the search."""


async def limit_form() -> None:
    """Read the request's form, as far as it may go. Raises a 413 or 408 with a page of ours."""
    try:
        async with asyncio.timeout(request.body_timeout):
            await _read()
    except RequestEntityTooLarge:
        raise await refusal(413) from None
    except TimeoutError:
        raise await refusal(408) from None


async def _read() -> None:
    received = await _body()
    if received:  # for the view, which reads the form; what was read is gone
        request.body = request.body_class(len(received), None)
        request.body.set_result(received)
    if received.count(b"&") >= MOST_FIELDS and not request.mimetype.startswith("multipart/"):
        raise RequestEntityTooLarge
    request.max_form_parts = MOST_FIELDS
    form = await request.form
    if sum(map(len, form.listvalues())) > MOST_FIELDS:
        raise RequestEntityTooLarge  # where the host has read the form before


async def _body() -> bytes:
    if (request.content_length or 0) > MOST_BYTES:
        raise RequestEntityTooLarge
    received = bytearray()
    async for data in request.body:
        received += data
        if len(received) > MOST_BYTES:
            raise RequestEntityTooLarge
    return bytes(received)
