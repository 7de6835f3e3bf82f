"""The shares of the priorities: whose message is next."""

from __future__ import annotations

from collections import Counter

import pytest

from quartapp.mail.choices import Priority
from quartapp.mail.outbox.shares import CYCLE, PRECEDENCE, SHARES, Rotation, turn

ENDLESS = 1_000


def claimed(claims, **waiting):
    """What claims of these sizes take, in the order of its turns: h, n and l."""
    rotation = Rotation(["new"])
    waiting = {priority: waiting.get(priority.value, 0) for priority in Priority}
    taken = []
    for limit in claims:
        had = rotation.had("new")
        turns = sorted(
            (turn(SHARES[priority], had[priority] + count), PRECEDENCE[priority], priority)
            for priority in Priority
            for count in range(1, min(limit, waiting[priority]) + 1)
        )
        some = Counter(priority for *_, priority in turns[:limit])
        rotation.go_on("new", some)
        waiting = {priority: waiting[priority] - some[priority] for priority in Priority}
        taken += [priority[0] for *_, priority in turns[:limit]]
    return "".join(taken)


ALL = {"high": 99, "normal": 99, "low": 99}


@pytest.mark.parametrize(
    ("waiting", "claims", "order"),
    [
        pytest.param({"high": 1, "normal": 1, "low": 1}, [1, 1, 1], "hnl", id="one of each"),
        pytest.param({"high": 1, "normal": 1, "low": 1}, [3], "hnl", id="one of each at once"),
        pytest.param({"normal": 3}, [1, 5], "nnn", id="one priority has all turns"),
        pytest.param(ALL, [10], "hhhnhhhhnl", id="a cycle"),
        pytest.param(ALL, [1] * 10, "hhhnhhhhnl", id="by one"),
        pytest.param(ALL, [4, 4, 4], "hhhnhhhhnlhh", id="by four"),
        pytest.param({"high": 99, "low": 99}, [12], "hhhhhhhlhhhh", id="unused turns"),
        pytest.param({"normal": 99, "low": 99}, [6], "nnlnnl", id="unused turns of the highest"),
        pytest.param({"high": 2, "normal": 9, "low": 1}, [9], "hhnnlnnnn", id="some run out"),
    ],
)
def test_messages_have_their_turns(waiting, claims, order):
    assert claimed(claims, **waiting) == order


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 13, 64])
def test_of_any_ten_in_a_row_each_priority_has_its_share(limit):
    claims = [limit] * (50 // limit + 1)

    for waiting in ("hnl", "hn", "hl", "nl"):
        order = claimed(claims, **{p: ENDLESS for p in Priority if p[0] in waiting})
        tens = [order[first : first + CYCLE] for first in range(len(order) - CYCLE)]
        for priority, least in (("h", 7), ("n", 2), ("l", 1)):
            fewest = min(ten.count(priority) for ten in tens)
            assert fewest >= least * (priority in waiting), (waiting, priority)
