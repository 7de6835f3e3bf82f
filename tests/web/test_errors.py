"""What is answered when something is wrong: a page or JSON, and never a secret."""

from __future__ import annotations

import pytest
from quart import abort

from tests.fixtures.visitor import Visitor, usernames

SECRET = "hunter2-and-a-traceback"


@pytest.fixture
def broken(make):
    """An app with an address for each thing that can go wrong."""
    app = make()

    @app.get("/crash")
    async def crash():
        raise RuntimeError(SECRET)

    @app.get("/abort/<int:code>")
    async def stop(code):
        abort(code)

    return app


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 413, 418, 429, 500, 503])
async def test_an_error_is_a_page_with_a_sentence(broken, code):
    answer = await Visitor(broken).get(f"/abort/{code}")

    page = await answer.get_data(as_text=True)
    assert answer.status_code == code
    assert f'<p class="code">{code}</p>' in page
    assert answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "host", ["a..b", ".a", "a" * 64, "a" * 5_000, "a." * 3_000, "\xe9" * 60 + ".example:80"]
)
async def test_a_host_that_is_none_is_a_bad_request(make, host, caplog):
    answer = await Visitor(make(), headers={"Host": host}).get()

    assert (answer.status_code, caplog.records) == (400, [])


async def test_a_query_that_is_not_utf_8_is_a_bad_request(make, caplog):
    answer = await Visitor(make(), scope_base={"query_string": b"q=\xff"}).get()

    assert (answer.status_code, caplog.records) == (400, [])


@pytest.mark.parametrize("code", [400, 404, 500])
async def test_who_asks_for_json_gets_the_same_in_json(broken, code):
    visitor = Visitor(broken, headers={"Accept": "application/json"})

    answer = await visitor.get(f"/abort/{code}")

    said = await answer.get_json()
    assert said["status"] == answer.status_code == code
    assert said["message"].endswith(".")


@pytest.mark.parametrize("accept", ["*/*", "text/html", "text/html,application/json;q=0.9", ""])
async def test_a_page_is_what_others_get(broken, accept):
    answer = await Visitor(broken, headers={"Accept": accept}).get("/nowhere")

    assert answer.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_a_bug_tells_a_visitor_nothing_of_itself(broken, accept):
    answer = await Visitor(broken, headers={"Accept": accept}).get("/crash")

    assert answer.status_code == 500
    assert SECRET not in await answer.get_data(as_text=True)


async def test_a_method_that_is_not_taken_says_which_are(visitor):
    answer = await visitor.client.delete("/")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "form",
    [
        {"name": "x" * 65536},
        {"name": "Ada", **{f"field {i}": "" for i in range(19)}},
    ],
    ids=["bytes", "fields"],
)
async def test_a_form_with_more_than_a_visitor_types_is_too_much(app, visitor, form):
    answer = await visitor.post({**form, "csrf_token": await visitor.token()})

    assert answer.status_code == 413
    assert "Request too large" in await answer.get_data(as_text=True)
    assert await usernames(app) == []


async def test_a_form_of_many_parts_is_too_much(visitor):
    part = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    answer = await visitor.client.post("/", data=part * 21 + b"--b--\r\n", headers=headers)

    assert answer.status_code == 413
