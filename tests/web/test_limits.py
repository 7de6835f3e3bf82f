"""How many new users one client may add."""

from __future__ import annotations

import asyncio

import pytest
from werkzeug.exceptions import TooManyRequests

from quartapp.web.limits import NewUsers
from tests.fixtures.visitor import Visitor, usernames


def visitor_from(app, address: str, **headers: str) -> Visitor:
    """Somebody at an address."""
    return Visitor(app, scope_base={"client": (address, 4321)}, headers=headers)


async def test_beyond_the_rate_a_client_must_wait():
    new_users = NewUsers("2/minute")
    await new_users.charge("192.0.2.1")
    await new_users.charge("192.0.2.1")

    with pytest.raises(TooManyRequests) as refused:
        await new_users.charge("192.0.2.1")

    assert 0 < refused.value.retry_after <= 60


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("unknown", "unknown"),
    ],
)
async def test_addresses_of_one_home_share_a_rate(first, second):
    new_users = NewUsers("1/minute")
    await new_users.charge(first)

    with pytest.raises(TooManyRequests):
        await new_users.charge(second)


async def test_other_clients_are_not_limited():
    new_users = NewUsers("1/minute")

    await new_users.charge("192.0.2.1")
    await new_users.charge("192.0.2.2")
    await new_users.charge("2001:db8:0:1::1")
    await new_users.charge("2001:db8:0:2::1")


async def test_without_a_rate_nothing_is_counted():
    new_users = NewUsers(None)

    await asyncio.gather(*(new_users.charge("192.0.2.1") for _ in range(100)))


async def test_counting_leaves_no_task_behind():
    new_users = NewUsers("1/second")

    await new_users.charge("192.0.2.1")
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_one_name_too_many_is_not_stored_and_nobody_is_told(started):
    async with started(QUARTAPP_RATE_LIMIT="1/minute") as app:
        visitor = Visitor(app)
        await visitor.say("Ada")
        answer = await visitor.say("Grace")

        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert await usernames(app) == ["Ada"]
        assert len(await app.extensions["mail"].find()) == 1


async def test_who_is_known_is_greeted_beyond_the_rate(started):
    async with started(QUARTAPP_RATE_LIMIT="1/minute") as app:
        visitor = Visitor(app)
        await visitor.say("Ada")

        assert (await visitor.say("Ada")).status_code == 302


async def test_the_rate_is_each_clients_own_and_a_proxy_says_who_it_is(started):
    async with started(QUARTAPP_RATE_LIMIT="1/minute", QUARTAPP_TRUSTED_PROXIES=1) as app:
        headers = [{"X-Forwarded-For": f"192.0.2.{last}"} for last in (1, 2, 1)]
        visitors = [visitor_from(app, "127.0.0.1", **each) for each in headers]

        answers = [await each.say(f"user {i}") for i, each in enumerate(visitors)]

        assert [answer.status_code for answer in answers] == [302, 302, 429]


async def test_what_a_client_says_of_itself_is_not_believed(started):
    async with started(QUARTAPP_RATE_LIMIT="1/minute", QUARTAPP_TRUSTED_PROXIES=1) as app:
        chains = ["198.51.100.1, 192.0.2.1", "198.51.100.2, 192.0.2.1"]
        visitors = [visitor_from(app, "127.0.0.1", **{"X-Forwarded-For": c}) for c in chains]

        answers = [await each.say(f"user {i}") for i, each in enumerate(visitors)]

        assert [answer.status_code for answer in answers] == [302, 429]
