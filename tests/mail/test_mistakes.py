"""A program's mistakes: each is a `MailError` that names the cure, and none looks like an outage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quartapp.mail import MailError, OutboxUnavailable
from quartapp.mail.testing import message

TOMORROW = timedelta(days=1)


def is_no_outage(caught):
    return not isinstance(caught.value, OutboxUnavailable)


@pytest.mark.parametrize(
    "call",
    [
        lambda mail, _: mail.send_later(message()),
        lambda mail, _: mail.send_all_later([message()]),
        lambda mail, one: mail.cancel(one),
        lambda mail, one: mail.retry(one),
        lambda mail, _: mail.prune(),
        lambda mail, _: mail.upgrade(),
        lambda mail, _: mail.prepare(),
    ],
    ids=["send_later", "send_all_later", "cancel", "retry", "prune", "upgrade", "prepare"],
)
async def test_what_would_wait_for_the_tasks_own_write_transaction_is_refused(mail, call):
    one = await mail.send_later(message(), at=datetime.now(UTC) + TOMORROW)

    async with mail.outbox.database.transaction():
        with pytest.raises(MailError, match="session=, or call .* after the transaction") as caught:
            await call(mail, one)

    assert is_no_outage(caught)
