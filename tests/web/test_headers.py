"""The headers that every answer has."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("path", ["/", "/nowhere", "/healthz", "/dev/mail/", "/static/style.css"])
async def test_every_answer_forbids_what_pages_do_not_need(visitor, path):
    headers = (await visitor.get(path)).headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


async def test_a_page_is_not_kept_by_the_browser(visitor):
    assert (await visitor.get("/")).headers["Cache-Control"] == "no-store"


async def test_the_style_may_be_kept(visitor):
    assert "no-store" not in (await visitor.get("/static/style.css")).headers["Cache-Control"]


async def test_pages_have_no_script_and_no_style_of_their_own(visitor):
    page = await visitor.see("/")

    assert "<script" not in page
    assert "style=" not in page
    assert "<style" not in page


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(visitor):
    cookie = (await visitor.get("/")).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_in_production_the_cookie_travels_over_https_only(in_production):
    async with in_production() as app:
        answer = await app.test_client().get("/")

    assert "Secure" in answer.headers["Set-Cookie"]
