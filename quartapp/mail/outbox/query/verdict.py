"""The verdict on delivery: one sentence about the last minutes, decided from the figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from quartapp.mail.choices import SUPPRESSED
from quartapp.mail.lines import shortened
from quartapp.mail.outbox.query.views import Figures
from quartapp.mail.outbox.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from quartapp.mail.outbox.workers import WorkerState

__all__ = ["Condition", "Verdict", "verdict"]

MINUTES = 10
LEAST, SHARE = 10, 0.2
"""It is degraded when more than this share of at least so many attempts were not accepted."""

LONGEST = 160
"""Characters of a reply or an outage in the sentence."""

REPLY = 500
"""Characters of a reply that are looked at."""


class Condition(StrEnum):
    """How delivery stands."""

    DELIVERING = "delivering"
    DEGRADED = "degraded"
    OUTAGE = "outage"
    STOPPED = "stopped"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How delivery stands, in a sentence.

    status
        The state of the messages that it is about, None where it is about none.
    notes
        Sentences about messages that nothing delivers.
    """

    condition: Condition
    sentence: str
    status: Status | None = None
    notes: tuple[str, ...] = ()


def verdict(figures: Figures) -> Verdict:
    """What the figures come to."""
    found = _verdict(figures)
    others = [backend for backend in figures.waiting if backend != figures.backend]
    notes = tuple(note for backend in others if (note := _note(figures, backend)))
    return Verdict(found.condition, found.sentence, found.status, notes)


def _verdict(figures: Figures) -> Verdict:
    ours = [worker for worker in figures.workers if worker.backend == figures.backend]
    down = [worker for worker in ours if worker.outage]
    if figures.backend == SUPPRESSED:
        return Verdict(Condition.SUPPRESSED, "MAIL_SUPPRESS_SEND is on: nothing is sent")
    if not ours:
        return _stopped(figures)
    if len(down) == len(ours):
        return _about(figures, Condition.OUTAGE, f"Outage{_outage(down, figures.at)}")
    if down:
        some = f"Degraded: {len(down)} of {len(ours)} workers paused{_outage(down, figures.at)}"
        return _about(figures, Condition.DEGRADED, some)
    return _lately(figures)


def _stopped(figures: Figures) -> Verdict:
    which = f" for the backend {figures.backend}" if figures.workers else ""
    return _about(figures, Condition.STOPPED, f"No worker runs{which}")


def _about(figures: Figures, condition: Condition, sentence: str) -> Verdict:
    waiting = figures.waiting.get(figures.backend, 0)
    return Verdict(condition, sentence + _waiting(waiting), Status.QUEUED if waiting else None)


def _outage(down: Sequence[WorkerState], at: datetime) -> str:
    began = [worker.outage_since for worker in down if worker.outage_since]
    since = f" since {_clock(min(began), at)}" if began else ""
    [(why, _)] = Counter(worker.outage for worker in down).most_common(1)
    return f"{since}: {shortened(why, LONGEST)}; {_next_attempt(down, at)}"


def _next_attempt(down: Iterable[WorkerState], at: datetime) -> str:
    nexts = [worker.next_attempt_at for worker in down if worker.next_attempt_at]
    seconds = round((min(nexts) - at).total_seconds()) if nexts else 0
    return f"next attempt in {seconds} s" if seconds > 0 else "next attempt now"


def _lately(figures: Figures) -> Verdict:
    """The verdict on the attempts of the last minutes."""
    minutes = figures.minutes[-MINUTES:]
    numbers = {
        "deferred": sum(minute.deferred for minute in minutes),
        "failed": sum(minute.failed for minute in minutes),
        "uncertain": sum(minute.uncertain for minute in minutes),
    }
    attempts, bad = sum(minute.attempts for minute in minutes), sum(numbers.values())
    said = ", ".join(f"{number:,} {what}" for what, number in numbers.items() if number)
    worst = max(numbers, key=lambda what: numbers[what])
    status = WORST[worst] if bad else None
    if attempts >= LEAST and bad > SHARE * attempts:
        if bad == numbers[worst]:
            said = f"{bad:,} of {attempts:,} attempts {worst}"
        else:
            said = f"{bad:,} of {attempts:,} attempts not accepted ({said})"
        sentence = f"Degraded: {said} in the last {MINUTES} min{_mostly(figures.replies, bad)}"
        return Verdict(Condition.DEGRADED, sentence, status)
    sent = attempts - bad
    done = ", ".join(part for part in (f"{sent:,} sent" if sent else "", said) if part)
    lately = f": {done} in the last {MINUTES} min" if done else ""
    waiting = _waiting(figures.waiting.get(figures.backend, 0))
    return Verdict(Condition.DELIVERING, f"Delivering{lately}{waiting}", status)


WORST = {"deferred": Status.QUEUED, "failed": Status.FAILED, "uncertain": Status.UNCERTAIN}


def _mostly(replies: Sequence[str], bad: int) -> str:
    """The most frequent reply, if it is that of half of the attempts that were not accepted."""
    kinds = Counter(kind for reply in replies if (kind := _kind(reply)))
    if not kinds:
        return ""
    [(kind, number)] = kinds.most_common(1)
    # The latest replies stand for all, where there are more.
    known = bad if len(replies) < Figures.REPLIES else len(replies)
    return f", mostly {shortened(kind, LONGEST)}" if 2 * number >= known else ""


def _kind(reply: str) -> str:
    """A reply without what differs from message to message: addresses, numbers and queue ids.

    The reply code and the enhanced status code stay: `451 4.7.1 Greylisted for … seconds`.
    """
    words = reply[:REPLY].split()
    codes = 1 if words and words[0].isdigit() else 0
    codes += bool(codes and words[1:] and words[1].replace(".", "").isdigit())
    return " ".join([*words[:codes], *("…" if _varies(word) else word for word in words[codes:])])


def _varies(word: str) -> bool:
    return "@" in word or any(character.isdigit() for character in word)


def _waiting(number: int) -> str:
    return f"; {_many(number)} waiting" if number else ""


def _note(figures: Figures, backend: str) -> str:
    number = figures.waiting[backend]
    if not number or any(worker.backend == backend for worker in figures.workers):
        return ""
    messages = "1 message waits" if number == 1 else f"{_many(number)} messages wait"
    return f"{messages} for the backend {backend}, which no process runs."


def _many(number: int) -> str:
    return f"{Figures.COUNTED:,}+" if number > Figures.COUNTED else f"{number:,}"


def _clock(moment: datetime, at: datetime) -> str:
    day = "" if moment.date() == at.date() else f"{moment:%d %b} "
    return f"{day}{moment:%H:%M} UTC"
