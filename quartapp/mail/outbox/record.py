"""Record what was decided: grouped, and only for those who still own their letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update

from quartapp.mail.outbox.schema import attempts, letters, recipients

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from quartapp.mail.verdict import Verdict

__all__ = ["record"]


async def record(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Write the verdicts whose claims are still ours, and return those, as they were written.

    A letter that somebody cancelled meanwhile is not tried again. A claim that was taken over
    changes no row: its token is no longer there.
    """
    wanted = await _cancel_wishes(connection, verdicts)
    kept = [
        verdict.cancelled() if wanted[verdict.claim.id] and not verdict.is_final else verdict
        for verdict in verdicts
        if verdict.claim.id in wanted
    ]
    if kept:
        await connection.execute(UPDATE_LETTER, [_letter(verdict) for verdict in kept])
        await _write(connection, UPDATE_RECIPIENT, (r for v in kept for r in _recipients(v)))
        await _write(connection, insert(attempts), (_attempt(v) for v in kept if _is_a_story(v)))
    return kept


async def _cancel_wishes(
    connection: AsyncConnection, verdicts: Sequence[Verdict]
) -> dict[str, bool]:
    """Of the letters that are still ours: whether somebody wants them cancelled."""
    query = (
        select(letters.c.id, letters.c.token, letters.c.wants_cancel)
        .where(letters.c.id.in_([verdict.claim.id for verdict in verdicts]))
        .with_for_update()
    )
    rows = {row.id: row for row in await connection.execute(query)}
    return {
        verdict.claim.id: rows[verdict.claim.id].wants_cancel
        for verdict in verdicts
        if verdict.claim.id in rows and rows[verdict.claim.id].token == verdict.claim.token
    }


async def _write(
    connection: AsyncConnection, statement: Any, rows: Iterable[dict[str, Any]]
) -> None:
    listed = list(rows)
    if listed:
        await connection.execute(statement, listed)


UPDATE_LETTER = (
    update(letters)
    .where(letters.c.id == bindparam("id_"), letters.c.token == bindparam("token_"))
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
        token=None,
        lease_until=None,
        intent_at=None,
        wants_cancel=False,
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


def _recipients(verdict: Verdict) -> Iterable[dict[str, Any]]:
    for position, (was, now) in enumerate(
        zip(verdict.claim.recipients, verdict.recipients, strict=True)
    ):
        if now != was:
            yield {
                "letter_id_": verdict.claim.id,
                "position_": position,
                "status": now.status,
                "code": now.code,
                "reply": now.reply,
                "due_at": now.due_at,
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
