"""What a supervisor is told."""

from __future__ import annotations

from sqlalchemy import text

from quartapp.mail.testing import message
from tests.fixtures.visitor import Visitor


async def test_the_process_says_that_it_lives(visitor):
    answer = await visitor.get("/healthz")

    assert (answer.status_code, await answer.get_json()) == (200, {"status": "ok"})


async def test_an_app_that_can_serve_is_ready(visitor):
    answer = await visitor.get("/readyz")

    told = {"ready": True, "reasons": [], "breaker": "closed"}
    assert (answer.status_code, await answer.get_json()) == (200, told)


async def test_a_mail_server_outage_is_told_and_no_reason(started, server):
    await server.stop()
    async with started(MAIL_SERVER=server.host, MAIL_PORT=server.port) as app:
        await app.extensions["mail"].send_later(message())
        await app.extensions["mail"].drain()

        answer = await Visitor(app).get("/readyz")

    assert answer.status_code == 200
    assert (await answer.get_json())["breaker"] == "open"


async def test_a_database_that_is_away_is_not_ready(make):
    visitor = Visitor(make(DATABASE_URL="postgresql://127.0.0.1:1/none"))

    answer = await visitor.get("/readyz")

    assert answer.status_code == 503
    assert (await answer.get_json())["reasons"][0] == "The database does not answer."


async def test_the_process_lives_whatever_its_database_does(make):
    visitor = Visitor(make(DATABASE_URL="postgresql://127.0.0.1:1/none"))

    assert (await visitor.get("/healthz")).status_code == 200


async def test_an_old_schema_is_not_ready(app, visitor):
    async with app.extensions["database"].writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'old'"))

    answer = await visitor.get("/readyz")

    assert answer.status_code == 503
    assert "quartapp db upgrade" in (await answer.get_json())["reasons"][0]


async def test_without_a_dispatcher_it_is_not_ready(started):
    async with started() as app:
        pass

    answer = await Visitor(app).get("/readyz")

    assert answer.status_code == 503
    assert "dispatcher" in (await answer.get_json())["reasons"][-1]


async def test_a_process_that_shall_not_deliver_is_ready(started):
    async with started(QUARTAPP_DISPATCH=False) as app:
        assert (await Visitor(app).get("/readyz")).status_code == 200
