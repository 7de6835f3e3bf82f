"""hypercorn's access log, written as hypercorn writes it."""

from __future__ import annotations

import logging

import pytest
from hypercorn.config import Config

from quartapp.web.access_log import guard_access_log

FORGED = (
    '/x HTTP/1.1" 200\r\n[1] [INFO] 10.0.0.1 "POST /outbox/ 1.1" 302 \x1b[31m\u2028\U000e0001\\'
)


@pytest.fixture
def config(tmp_path):
    """hypercorn's settings with an access log in a file."""
    config = Config()
    config.accesslog = str(tmp_path / "access.log")
    yield config
    for handler in logging.getLogger("hypercorn.access").handlers:
        handler.close()
    logging.getLogger("hypercorn.access").handlers.clear()


async def test_a_client_writes_no_line_and_no_field_of_its_own(config, tmp_path):
    guard_access_log()
    request = {
        "type": "http",
        "method": "GET",
        "path": FORGED,
        "query_string": b'a="b',
        "http_version": "1.1",
        "scheme": "http",
        "client": ("192.0.2.1", 4321),
        "headers": [(b"user-agent", b'"\x1b]0;title\x07'), (b"referer", b"\xe2\x80\xa8")],
    }

    await config.log.access(request, {"status": 404, "headers": []}, 0.1)

    written = (tmp_path / "access.log").read_text(encoding="utf-8")
    assert written.count("\n") == 1
    assert written.isascii()
    assert "\x1b" not in written
    assert written.count('"') == 6
    assert r"GET /x HTTP/1.1\x22 200\x0d\x0a[1] [INFO] 10.0.0.1" in written
    assert " 192.0.2.1:4321 - - [" in written


def test_an_app_guards_the_log_once(make):
    make(), make()

    filters = logging.getLogger("hypercorn.access").filters
    assert [type(each).__name__ for each in filters] == ["Escaping"]
