"""Record what was decided: grouped, and only for those who still own their letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select, update

from quartapp.mail.delivery import Status
from quartapp.mail.outbox.schema import attempts, letters, recipients

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.delivery import Recipient
    from quartapp.mail.verdict import Verdict

    People = tuple[Recipient, ...]

__all__ = ["record", "write_recipients"]


async def record(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Write the verdicts whose claims are still ours, and return those, as they were written.

    A letter that somebody cancelled meanwhile is not tried again. A claim that was taken over
    changes no row: its token is no longer there.
    """
    unwanted = await _held(connection, verdicts)
    kept = [
        verdict.cancelled() if unwanted[_mark(verdict)] else verdict
        for verdict in verdicts
        if _mark(verdict) in unwanted
    ]
    plain = [verdict for verdict in kept if _is_plain(verdict)]
    others = [verdict for verdict in kept if not _is_plain(verdict)]
    await _write(connection, UPDATE_SENT, [_sent(verdict) for verdict in plain])
    await _write(connection, UPDATE_LETTER, [_letter(verdict) for verdict in others])
    await _write(connection, UPDATE_RECIPIENT, [row for v in kept for row in _recipients(v)])
    await _write(connection, INSERT_ATTEMPT, [_attempt(v) for v in kept if _is_a_story(v)])
    return kept


async def write_recipients(
    connection: AsyncConnection, letter_id: str, were: People, now: People
) -> None:
    """Write those recipients of a letter that changed."""
    await _write(connection, UPDATE_RECIPIENT, list(_changes(letter_id, were, now)))


async def _held(
    connection: AsyncConnection, verdicts: Sequence[Verdict]
) -> dict[tuple[str, str | None], bool]:
    """Letters and the tokens that they carry now: whether somebody wants them cancelled."""
    ids = [verdict.claim.id for verdict in verdicts]
    rows = await connection.execute(LOCK, {"ids": ids})
    return {(row.id, row.token): row.wants_cancel for row in rows}


def _mark(verdict: Verdict) -> tuple[str, str | None]:
    return verdict.claim.id, verdict.claim.token


async def _write(
    connection: AsyncConnection, statement: Any, rows: Sequence[dict[str, Any]]
) -> None:
    if rows:
        await connection.execute(statement, rows)


# In one order, so that two who lock the same letters do not wait for each other.
LOCK = (
    select(letters.c.id, letters.c.token, letters.c.wants_cancel)
    .where(letters.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(letters.c.id)
    .with_for_update()
)

OURS = (letters.c.id == bindparam("id_"), letters.c.token == bindparam("token_"))
FREE: dict[str, Any] = {
    "token": None,
    "lease_until": None,
    "intent_at": None,
    "wants_cancel": False,
}

# What most letters come to takes a statement of few parameters, since those are what costs.
UPDATE_SENT = (
    update(letters)
    .where(*OURS)
    .values(
        status=Status.SENT,
        due_at=None,
        is_retry=True,
        attempts=letters.c.attempts + 1,
        first_attempt_at=func.coalesce(letters.c.first_attempt_at, bindparam("at_")),
        turned_away=0,
        sent_at=bindparam("at_"),
        ended_at=bindparam("at_"),
        detail="",
        **FREE,
    )
)

UPDATE_LETTER = (
    update(letters)
    .where(*OURS)
    .values(
        status=bindparam("status"),
        due_at=bindparam("due_at"),
        is_retry=bindparam("is_retry"),
        attempts=bindparam("attempts"),
        first_attempt_at=bindparam("first_attempt_at"),
        turned_away=bindparam("turned_away"),
        sent_at=bindparam("sent_at"),
        ended_at=bindparam("ended_at"),
        detail=bindparam("detail"),
        **FREE,
    )
)

UPDATE_RECIPIENT = (
    update(recipients)
    .where(
        recipients.c.letter_id == bindparam("letter_id_"),
        recipients.c.position == bindparam("position_"),
    )
    .values(
        status=bindparam("status"),
        code=bindparam("code"),
        reply=bindparam("reply"),
        due_at=bindparam("due_at"),
    )
)

INSERT_ATTEMPT = insert(attempts)


def _is_plain(verdict: Verdict) -> bool:
    """Whether everybody took it at the first word, and there is nothing more to say."""
    return verdict.status is Status.SENT and verdict.counts and not verdict.detail


def _sent(verdict: Verdict) -> dict[str, Any]:
    return {"id_": verdict.claim.id, "token_": verdict.claim.token, "at_": verdict.at}


def _letter(verdict: Verdict) -> dict[str, Any]:
    return {
        "id_": verdict.claim.id,
        "token_": verdict.claim.token,
        "status": verdict.status,
        "due_at": verdict.due_at,
        "is_retry": verdict.attempts > 0,
        "attempts": verdict.attempts,
        "first_attempt_at": verdict.first_attempt_at,
        "turned_away": verdict.turned_away,
        "sent_at": verdict.sent_at,
        "ended_at": verdict.at if verdict.is_final else None,
        "detail": verdict.detail,
    }


def _recipients(verdict: Verdict) -> Iterator[dict[str, Any]]:
    return _changes(verdict.claim.id, verdict.claim.recipients, verdict.recipients)


def _changes(letter_id: str, were: People, now: People) -> Iterator[dict[str, Any]]:
    for position, (was, new) in enumerate(zip(were, now, strict=True)):
        if new != was:
            yield {
                "letter_id_": letter_id,
                "position_": position,
                "status": new.status,
                "code": new.code,
                "reply": new.reply,
                "due_at": new.due_at,
            }


def _is_a_story(verdict: Verdict) -> bool:
    """Whether the attempt says more than the letter itself: anything but a plain success."""
    return verdict.counts and bool(verdict.detail)


def _attempt(verdict: Verdict) -> dict[str, Any]:
    return {
        "letter_id": verdict.claim.id,
        "number": verdict.attempts,
        "ended_at": verdict.at,
        "status": verdict.status,
        "detail": verdict.detail,
    }
