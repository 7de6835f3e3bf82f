"""The conditions of a search, as they are typed into the outbox's page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quartapp.mail.pages.searches import Search


@pytest.mark.parametrize("typed", ["9999-12-31", "9999-12-31T23:59:59"])
async def test_a_search_may_go_to_the_end_of_time(mail, typed):
    wanted = Search(until=typed).filter()

    assert wanted.until > datetime(9999, 12, 31, tzinfo=UTC)
    assert (await mail.report.page(wanted)).messages == ()


@pytest.mark.parametrize("typed", ["9999-12-31T23:59-12:00", "10000-01-01", "\u00b2026-01-01"])
def test_a_time_that_is_none_is_named(typed):
    with pytest.raises(ValueError, match='"Until" is not a valid time'):
        Search(until=typed).filter()
