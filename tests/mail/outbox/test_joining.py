"""Joining: a session is on the outbox's database, however either spells its address."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from quartapp.database import Database
from quartapp.mail import MailError
from quartapp.mail.outbox.joining import joinable

OURS = "postgresql://ada:hunter2@db/app?sslmode=require&application_name=mail"


@pytest.mark.parametrize(
    ("theirs", "is_ours"),
    [
        ("postgresql+asyncpg://ada:hunter2@db/app?ssl=require", True),
        ("postgresql+asyncpg://bob@db:5432/app", True),
        ("postgresql+asyncpg://bob@/app?host=db&prepared_statement_cache_size=0", True),
        ("postgresql+asyncpg://ada:hunter2@db:5433/app?ssl=require", False),
        ("postgresql+asyncpg://ada:hunter2@db2/app?ssl=require", False),
        ("postgresql+asyncpg://ada:hunter2@db/other?ssl=require", False),
        ("postgresql+asyncpg://ada:hunter2@db/app?options=-csearch_path%3Dmail", False),
        ("sqlite+aiosqlite:///app", False),
    ],
)
async def test_an_address_is_compared_by_where_it_leads(theirs, is_ours):
    session, outbox = AsyncSession(create_async_engine(theirs)), Database(OURS)

    if is_ours:
        assert joinable(session, outbox.url) is session
    else:
        with pytest.raises(MailError, match="the outbox on") as refused:
            joinable(session, outbox.url)
        assert "hunter2" not in str(refused.value)
