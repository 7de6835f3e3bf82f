"""Presence: a process that delivers is known to one that does not."""

from __future__ import annotations

import asyncio

from quartapp.mail.outbox.query.verdict import verdict
from quartapp.mail.testing import message


async def test_a_process_that_only_serves_pages_knows_who_delivers(serve, server):
    async with serve(MAIL_DISPATCH=False) as pages:
        alone = await said(pages)
        async with serve():
            await until(pages, "Delivering")
        await until(pages, "No worker runs")

    assert alone == "No worker runs"


async def test_a_process_that_only_serves_pages_knows_of_an_outage(serve, server):
    await server.stop()
    async with serve(MAIL_DISPATCH=False) as pages, serve(MAIL_BREAKER_FIRST=60):
        await pages.send_later(message())

        sentence = await until(pages, "Outage since ")

    assert "refused" in sentence
    assert "; next attempt in " in sentence
    assert sentence.endswith("; 1 waiting")


async def said(service):
    """The verdict of a process."""
    return verdict(await service.report.figures()).sentence


async def until(service, beginning):
    """Wait until its verdict begins so."""
    async with asyncio.timeout(60):
        while True:
            sentence = await said(service)
            if sentence.startswith(beginning):
                return sentence
            await asyncio.sleep(0.05)
