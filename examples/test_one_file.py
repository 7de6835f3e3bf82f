"""A test as with Flask-Mail: no server, no worker, no prepared mail tables."""

from uuid import uuid4

import pytest
import pytest_asyncio
from one_file import Base, app, engine, mail


@pytest_asyncio.fixture
async def client():
    app.config["TESTING"] = True
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield app.test_client()
    await engine.dispose()


@pytest.mark.asyncio
async def test_a_new_subscriber_is_welcomed(client):
    with mail.record_messages() as outbox:
        # The file may have subscribers of earlier runs.
        await client.post("/", form={"email": f"{uuid4()}@example.com"})

    assert [message.subject for message in outbox] == ["Welcome"]
