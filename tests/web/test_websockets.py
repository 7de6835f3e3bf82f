"""WebSockets: there are none, in the demo or in our pages, and asking for one harms nothing."""

from __future__ import annotations

import asyncio
import logging

import pytest
from quart import Quart, websocket

from quartapp.mail import Mail

PATHS = ["/", "/nothing", "/outbox", "/outbox/", "/outbox/a", "/outbox/static/a", "/dev/mail/",
         "/dev/mail/a.html", "/deliveries/a/events", "/static/a", "/healthz"]  # fmt: skip


async def ask(app, path, *headers):
    """What an app answers to a client that wants to open a WebSocket, by the status."""
    scope = {
        "type": "websocket", "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1", "scheme": "ws", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "headers": [(b"host", b"localhost"), *headers],
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 5000), "subprotocols": [],
        "extensions": {"websocket.http.response": {}}, "state": {},
    }  # fmt: skip
    events, told = asyncio.Queue(), []
    events.put_nowait({"type": "websocket.connect"})

    async def send(event):
        told.append(event)
        if event["type"] == "websocket.close" or event.get("more_body") is False:
            events.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async with asyncio.timeout(30):
        await app(scope, events.get, send)
    return told[0].get("status", told[0]["type"])


@pytest.fixture
async def host(tmp_path):
    """Another application with our pages, one WebSocket and error pages that read the request."""
    app = Quart("host")
    app.config.update(DATABASE_URL=f"sqlite:///{tmp_path}/mail.sqlite", MAIL_BACKEND="mailbox")
    app.config.update(QUARTAPP_INSTANCE=str(tmp_path), PROPAGATE_EXCEPTIONS=False)
    mail = Mail(app)
    app.register_blueprint(mail.outbox_pages(), url_prefix="/outbox")
    app.register_blueprint(mail.mailbox_pages(), url_prefix="/dev/mail")
    app.register_blueprint(mail.health_pages())

    @app.websocket("/clock")
    async def clock():
        await websocket.send("noon")

    return app


@pytest.mark.parametrize("scheme", [b"http", b"https", b"wss", b""])
@pytest.mark.parametrize("hops", [0, 1])
async def test_the_demo_has_none_anywhere(make, caplog, hops, scheme):
    app = make(QUARTAPP_TRUSTED_PROXIES=hops)

    told = {path: await ask(app, path, (b"x-forwarded-proto", scheme)) for path in PATHS}

    assert told == dict.fromkeys(PATHS, 404)
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


async def test_our_pages_have_none_in_a_host(host, caplog):
    told = {path: await ask(host, path) for path in PATHS}

    assert told == dict.fromkeys(PATHS, 404)
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_a_host_keeps_its_own(host):
    assert await ask(host, "/clock") == "websocket.accept"
