"""What is believed of a trusted proxy's words."""

from __future__ import annotations

import pytest

from quartapp.web.proxies import address_in
from tests.fixtures.visitor import Visitor


@pytest.mark.parametrize(
    ("word", "address"),
    [
        ("4.4.4.4", "4.4.4.4"),
        ("4.4.4.4:5001", "4.4.4.4"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("::ffff:4.4.4.4", "4.4.4.4"),
        ("", None),
        ("unknown", None),
        ("_hidden", None),
        ("localhost", None),
        ("4.4.4.4:", "4.4.4.4"),
        ("4.4.4.4:http", None),
        ("4.4.4.4:5001:1", None),
        ("[2001:db8::1]443x", None),
        ("[2001:db8::1", "2001:db8::1"),
        ("4.4.4.4 evil", None),
        ("4.4.4.4\n", None),
        ("1" * 100_000, None),
    ],
)
def test_an_address_is_read_with_and_without_a_port(word: str, address: str | None) -> None:
    assert address_in(word) == address


@pytest.fixture
async def seen(started):
    """Who the app thinks is asking, through one trusted proxy at 10.0.0.1."""
    async with started(QUARTAPP_TRUSTED_PROXIES=1) as app:

        @app.get("/seen")
        async def show():
            from quart import request

            return {"from": request.remote_addr, "url": request.url}

        async def ask(**headers: str) -> dict[str, str]:
            client = {"client": ("10.0.0.1", 4321)}
            visitor = Visitor(app, scope_base=client, headers={"Host": "inside", **headers})
            return await (await visitor.get("/seen")).get_json()

        yield ask


@pytest.mark.parametrize(
    ("word", "address"),
    [
        ("4.4.4.4:5001", "4.4.4.4"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("9.9.9.9, 4.4.4.4", "4.4.4.4"),
        ("4.4.4.4, unknown", "10.0.0.1"),
        ("4.4.4.4, <script>", "10.0.0.1"),
        ("4.4.4.4,", "10.0.0.1"),
    ],
)
async def test_garbage_is_the_proxy_itself(seen, word, address):
    assert (await seen(**{"X-Forwarded-For": word}))["from"] == address


async def test_without_a_word_the_client_is_the_proxy(seen):
    assert (await seen())["from"] == "10.0.0.1"


async def test_a_proxy_says_scheme_and_host(seen):
    told = await seen(**{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example"})

    assert told["url"] == "https://app.example/seen"


async def test_a_scheme_that_is_none_is_not_believed(seen):
    assert (await seen(**{"X-Forwarded-Proto": "javascript"}))["url"] == "http://inside/seen"


async def test_who_writes_a_port_too_is_the_same_client(started):
    async with started(QUARTAPP_RATE_LIMIT="1/minute", QUARTAPP_TRUSTED_PROXIES=1) as app:
        words = ["4.4.4.4:5001", "4.4.4.4:5002"]
        visitors = [Visitor(app, headers={"X-Forwarded-For": word}) for word in words]

        answers = [await each.say(f"user {i}") for i, each in enumerate(visitors)]

    assert [answer.status_code for answer in answers] == [302, 429]
