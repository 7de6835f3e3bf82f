"""The verdict on delivery, decided from figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from quartapp.mail import Minute, Status
from quartapp.mail.outbox.query.verdict import verdict
from quartapp.mail.outbox.query.views import Figures
from quartapp.mail.outbox.workers import WorkerState
from tests.mail.outbox.sample import DAY, HOUR, MINUTE, NOW

WORKS = WorkerState(backend="smtp")
DOWN = WorkerState(
    backend="smtp",
    outage="mx.example refused the connection",
    outage_since=NOW - HOUR,
    next_attempt_at=NOW + timedelta(seconds=20.4),
)
QUIET = Figures(
    at=NOW,
    backend="smtp",
    counts=dict.fromkeys(Status, 0),
    suppressed=0,
    waiting={"smtp": 0, "mailbox": 0, "suppressed": 0},
    oldest=None,
    oldest_at=None,
    minutes=tuple(Minute(NOW - ago * MINUTE) for ago in reversed(range(60))),
    replies=(),
    workers=(WORKS,),
)


def lately(**numbers):
    """The last minutes with this many attempts, spread over five of them."""
    last = [
        Minute(NOW - ago * MINUTE, **{name: each // 5 for name, each in numbers.items()})
        for ago in reversed(range(5))
    ]
    last[-1] = replace(
        last[-1],
        **{name: getattr(last[-1], name) + each % 5 for name, each in numbers.items()},
    )
    return (*QUIET.minutes[:-5], *last)


def waiting(**backends):
    """This many messages wait for a backend."""
    return {"smtp": 0, "mailbox": 0, "suppressed": 0} | backends


GREYLISTED = ("451 4.7.1 Greylisted",) * 500


@pytest.mark.parametrize(
    ("changes", "condition", "sentence", "status"),
    [
        pytest.param({}, "delivering", "Delivering", None, id="quiet"),
        pytest.param(
            {"minutes": lately(sent=4812), "waiting": waiting(smtp=312)},
            "delivering",
            "Delivering: 4,812 sent in the last 10 min; 312 waiting",
            None,
            id="busy",
        ),
        pytest.param(
            {"minutes": lately(sent=80, deferred=15, failed=5)},
            "delivering",
            "Delivering: 80 sent, 15 deferred, 5 failed in the last 10 min",
            Status.QUEUED,
            id="a-fifth-is-not-degraded",
        ),
        pytest.param(
            {"minutes": lately(deferred=9), "replies": GREYLISTED[:9]},
            "delivering",
            "Delivering: 9 deferred in the last 10 min",
            Status.QUEUED,
            id="nine-are-too-few",
        ),
        pytest.param(
            {"minutes": lately(sent=11, deferred=4989), "replies": GREYLISTED},
            "degraded",
            "Degraded: 4,989 of 5,000 attempts deferred in the last 10 min, "
            "mostly 451 4.7.1 Greylisted",
            Status.QUEUED,
            id="greylisted",
        ),
        pytest.param(
            {"minutes": lately(failed=10), "replies": ("550 5.7.1 go away",) * 10},
            "degraded",
            "Degraded: 10 of 10 attempts failed in the last 10 min, mostly 550 5.7.1 go away",
            Status.FAILED,
            id="rejected",
        ),
        pytest.param(
            {"minutes": lately(sent=79, uncertain=12, deferred=5, failed=4)},
            "degraded",
            "Degraded: 21 of 100 attempts not accepted (5 deferred, 4 failed, 12 uncertain) in the "
            "last 10 min",
            Status.UNCERTAIN,
            id="more-than-a-fifth",
        ),
        pytest.param(
            {"minutes": (*(Minute(NOW, deferred=99),) * 50, *QUIET.minutes[50:])},
            "delivering",
            "Delivering",
            None,
            id="long-ago",
        ),
        pytest.param(
            {"minutes": lately(cancelled=50)}, "delivering", "Delivering", None, id="cancelled"
        ),
        pytest.param(
            {"workers": (DOWN,), "waiting": waiting(smtp=312)},
            "outage",
            "Outage since 11:00 UTC: mx.example refused the connection; next attempt in 20 s; "
            "312 waiting",
            Status.QUEUED,
            id="outage",
        ),
        pytest.param(
            {"workers": (replace(DOWN, outage_since=NOW - DAY, next_attempt_at=None),)},
            "outage",
            "Outage since 23 Nov 12:00 UTC: mx.example refused the connection; next attempt now",
            None,
            id="outage-of-yesterday",
        ),
        pytest.param(
            {"workers": (replace(DOWN, outage="the database is away", outage_since=None),)},
            "outage",
            "Outage: the database is away; next attempt in 20 s",
            None,
            id="outage-since-nobody-knows",
        ),
        pytest.param(
            {"workers": (DOWN, WORKS, WORKS), "minutes": lately(sent=50)},
            "degraded",
            "Degraded: 1 of 3 workers paused since 11:00 UTC: mx.example refused the connection; "
            "next attempt in 20 s",
            None,
            id="one-of-three",
        ),
        pytest.param({"workers": ()}, "stopped", "No worker runs", None, id="no-worker"),
        pytest.param(
            {"workers": (), "waiting": waiting(smtp=10_001), "minutes": lately(sent=50)},
            "stopped",
            "No worker runs; 10,000+ waiting",
            Status.QUEUED,
            id="no-worker-and-many-wait",
        ),
        pytest.param(
            {"workers": (replace(WORKS, backend="mailbox"),)},
            "stopped",
            "No worker runs for the backend smtp",
            None,
            id="a-worker-of-another-backend",
        ),
        pytest.param(
            {"backend": "suppressed"},
            "suppressed",
            "MAIL_SUPPRESS_SEND is on: nothing is sent",
            None,
            id="suppressed",
        ),
    ],
)
def test_the_verdict_is_about_the_last_minutes(changes, condition, sentence, status):
    found = verdict(replace(QUIET, **changes))

    assert (found.condition, found.sentence, found.status) == (condition, sentence, status)


@pytest.mark.parametrize(
    ("replies", "bad", "said"),
    [
        ((), 50, ""),
        (("",) * 50, 50, ""),
        (("451 4.7.1 wait 299 seconds", "451 4.7.1 wait 7 seconds") * 5, 15,
         ", mostly 451 4.7.1 wait … seconds"),
        (("550 5.1.1 <a@x.example>: unknown", "550 5.1.1 <b@x.example>: unknown") * 5, 10,
         ", mostly 550 5.1.1 … unknown"),
        (("451 4.7.1 Greylisted", "451 4.3.0 Full") * 5, 15, ""),
        (("550 no",), 1000, ""),
        (("connection lost",) * 300 + ("451 later",) * 200, 5000, ", mostly connection lost"),
        (("x" * 9000,) * 50, 50, ", mostly " + "x" * 159 + "…"),
    ],
)  # fmt: skip
def test_the_most_frequent_reply_is_named_where_it_is_that_of_half(replies, bad, said):
    found = verdict(replace(QUIET, minutes=lately(failed=bad), replies=replies))

    assert found.sentence.partition("in the last 10 min")[2] == said


@pytest.mark.parametrize(
    ("waits", "workers", "notes"),
    [
        ({"mailbox": 12}, (WORKS,),
         ("12 messages wait for the backend mailbox, which no process runs.",)),
        ({"mailbox": 1, "suppressed": 10_001}, (WORKS,),
         ("1 message waits for the backend mailbox, which no process runs.",
          "10,000+ messages wait for the backend suppressed, which no process runs.")),
        ({"mailbox": 12}, (WORKS, replace(WORKS, backend="mailbox")), ()),
        ({"smtp": 12}, (), ()),
    ],
)  # fmt: skip
def test_messages_of_another_backend_that_nothing_delivers_are_told(waits, workers, notes):
    found = verdict(replace(QUIET, waiting=waiting(**waits), workers=workers))

    assert found.notes == notes
