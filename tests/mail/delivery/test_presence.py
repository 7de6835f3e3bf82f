"""Presence: a process that delivers is known to one that does not."""

from __future__ import annotations

import asyncio

import pytest

from quartapp.mail import MailError
from quartapp.mail.events import watch
from quartapp.mail.outbox.query.verdict import verdict
from quartapp.mail.testing import Phase, message


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


@pytest.mark.parametrize("call", ["wait", "drain"])
async def test_who_waits_where_no_process_delivers_is_told(serve, monkeypatch, call):
    monkeypatch.setattr(watch, "ABSENCE", 0.0)
    async with serve(MAIL_DISPATCH=False) as pages:
        delivery = await pages.send_later(message())

        with pytest.raises(MailError, match="no process delivers messages of this queue"):
            await (pages.wait(delivery, timeout=30) if call == "wait" else pages.drain())


async def test_who_waits_is_told_when_the_app_stops(serve, server):
    server.stall(Phase.END_OF_DATA)
    async with serve(MAIL_DRAIN_TIMEOUT=0.1) as mail:
        waiting = asyncio.create_task(mail.wait(await mail.send_later(message()), timeout=30))
        await server.reached(Phase.END_OF_DATA)

    with pytest.raises(MailError, match="nothing delivers here"):
        await waiting


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
