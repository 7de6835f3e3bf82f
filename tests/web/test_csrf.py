"""Forms that did not come from our own page."""

from __future__ import annotations

import pytest

from tests.fixtures.visitor import Visitor, usernames


async def refusal(answer) -> str:
    """The page that comes with a refusal."""
    assert answer.status_code == 400
    return await answer.get_data(as_text=True)


async def test_a_form_without_a_token_is_shown_again_with_the_name(app, visitor):
    await visitor.see()

    page = await refusal(await visitor.post({"name": "Ada"}))

    assert 'role="alert"' in page
    assert "did not come from our page" in page
    assert 'value="Ada"' in page
    assert await usernames(app) == []


async def test_a_token_of_another_session_is_refused(app, visitor):
    stolen = await Visitor(app).token()
    await visitor.see()

    page = await refusal(await visitor.post({"name": "Ada", "csrf_token": stolen}))

    assert "did not come from our page" in page
    assert await usernames(app) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
    ],
)
async def test_a_token_proves_nothing_for_another_origin_that_set_the_cookie(app, visitor, headers):
    form = {"name": "Eve", "csrf_token": await visitor.token()}

    page = await refusal(await visitor.client.post("/", form=form, headers=headers))

    assert "did not come from our page" in page
    assert await usernames(app) == []


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": "http://localhost"}, {}],
)
async def test_our_own_page_sends_its_token(app, visitor, headers):
    form = {"name": "Ada", "csrf_token": await visitor.token()}

    answer = await visitor.client.post("/", form=form, headers=headers)

    assert (answer.status_code, await usernames(app)) == (302, ["Ada"])


async def test_a_token_that_is_too_old_says_so(started):
    async with started(WTF_CSRF_TIME_LIMIT=-1) as app:
        page = await refusal(await Visitor(app).say("Ada"))

    assert "open for a long time" in page


async def test_a_refused_form_works_when_it_is_sent_again(app, visitor):
    await visitor.see()
    await visitor.post({"name": "Ada", "csrf_token": "nonsense"})

    answer = await visitor.say("Ada")

    assert answer.status_code == 302


async def test_a_browser_without_cookies_is_told_to_allow_them(app):
    token = await Visitor(app).token()

    page = await refusal(await Visitor(app).post({"name": "Ada", "csrf_token": token}))

    assert "allow cookies" in page


async def test_a_secure_cookie_that_http_does_not_bring_back_is_explained(in_production):
    async with in_production() as app:
        token = await Visitor(app).token()

        page = await refusal(await Visitor(app).post({"name": "Ada", "csrf_token": token}))

    assert "SESSION_COOKIE_SECURE=false" in page


async def test_tokens_can_be_switched_off(started):
    async with started(WTF_CSRF_ENABLED=False) as app:
        answer = await Visitor(app).post({"name": "Ada"})

        assert answer.status_code == 302
        assert "csrf_token" not in await Visitor(app).see()
