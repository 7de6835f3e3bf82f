"""Who may see the developer's pages."""

from __future__ import annotations

from base64 import b64encode

import pytest

from tests.fixtures.visitor import Visitor

OPERATOR = {"OPERATOR_USERNAME": "ops", "OPERATOR_PASSWORD": "pässword"}


async def status(app, client="127.0.0.1", host="localhost", **headers) -> int:
    """The status of the mailbox for a client."""
    asked = {"Host": host, **headers}
    visitor = Visitor(app, scope_base={"client": (client, 1)}, headers=asked)
    return (await visitor.get("/dev/mail/")).status_code


def signed(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


HERE = ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1")
OWN_NAMES = ("localhost", "LOCALHOST:5000", "app.localhost:80", "127.0.0.1:5000", "[::1]:5000")
ELSEWHERE = ("192.168.1.7", "2001:db8::1", "::ffff:192.0.2.1", "nonsense")
OTHER_NAMES = ("rebound.example", "localhost.example", "127.0.0.1.example", "example:127", "")


async def test_this_machine_is_let_in_under_its_own_name(app):
    asked = [(client, host) for client in HERE for host in OWN_NAMES]

    assert {each: await status(app, *each) for each in asked} == dict.fromkeys(asked, 200)


async def test_another_machine_is_not_let_in(app):
    answers = {client: await status(app, client) for client in ELSEWHERE}

    assert answers == dict.fromkeys(ELSEWHERE, 403)


async def test_another_name_for_this_machine_is_not_believed(app):
    answers = {host: await status(app, host=host) for host in OTHER_NAMES}

    assert answers == dict.fromkeys(OTHER_NAMES, 403)


async def test_elsewhere_the_operator_is_asked_to_sign_in(started):
    async with started(**OPERATOR) as app:
        visitor = Visitor(app, scope_base={"client": ("192.0.2.1", 1)})

        answer = await visitor.get("/dev/mail/")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


async def test_the_operator_is_let_in_from_anywhere(started):
    async with started(**OPERATOR) as app:
        sign_in = signed("ops", "pässword")

        assert await status(app, "192.0.2.1", "app.example", Authorization=sign_in) == 200


async def test_a_wrong_sign_in_is_asked_for_again(started):
    sign_ins = (
        signed("ops", "wrong"),
        signed("wrong", "pässword"),
        signed("", ""),
        "Basic ?",
        "Basic " + b64encode(b"\xff:\xff").decode(),
        "Bearer ops",
    )
    async with started(**OPERATOR) as app:
        answers = {
            sign_in: await status(app, "192.0.2.1", Authorization=sign_in) for sign_in in sign_ins
        }

    assert answers == dict.fromkeys(sign_ins, 401)


async def test_behind_a_trusted_proxy_the_visitor_is_who_it_says(started):
    async with started(QUARTAPP_TRUSTED_PROXIES=1) as app:
        behind = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "localhost"}

        assert await status(app, **behind) == 403


async def test_there_is_no_mailbox_in_production_not_even_for_the_operator(in_production):
    async with in_production(**OPERATOR) as app:
        assert await status(app, Authorization=signed("ops", "pässword")) == 404


async def test_a_sign_in_that_is_none_is_a_wrong_one(started):
    sign_ins = ("Basic é", "Basic ====", "Basic", "Bearer x", "é", "Basic /w==")
    async with started(**OPERATOR) as app:
        answers = {
            sign_in: await status(app, "192.0.2.1", "app.example", Authorization=sign_in)
            for sign_in in sign_ins
        }

    assert answers == dict.fromkeys(sign_ins, 401)


@pytest.mark.parametrize("since", ["1 Jan 2026 00:00:00 +" + "9" * 30, "yesterday", "9" * 5000])
async def test_a_file_is_answered_whatever_time_is_asked_for(app, since):
    visitor = Visitor(app, headers={"If-Modified-Since": since})

    assert (await visitor.get("/dev/mail/static/favicon.svg")).status_code == 200
