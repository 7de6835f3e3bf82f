"""Workers are killed again and again, at moments that nobody chose."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.siege import Log, Siege

if TYPE_CHECKING:
    from pathlib import Path

    from quartapp.mail import Mail
    from tests.crash.conftest import Start

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "30"))
"""How often somebody is killed, on each database."""


@pytest.fixture
async def siege(keeper: Mail, start: Start, settings: dict[str, Any], tmp_path: Path) -> Siege:
    """Ready to begin, with an SMTP server in a process of its own."""
    path = tmp_path / "messages.jsonl"
    server = start("smtp-server", "--log", str(path), "--delay", "END_OF_DATA=0.003")
    port = await server.says(r":(\d+)\n")
    return Siege(keeper, start, settings | {"MAIL_PORT": port}, Log(path))


@pytest.mark.timeout(30 + 3 * ROUNDS)
async def test_kill_9_loses_nothing_and_doubles_only_what_was_on_the_wire(siege: Siege) -> None:
    await siege.last(ROUNDS)
    await siege.end()

    doubled = [copies for copies in siege.copies.values() if len(copies) > 1]
    print(
        f"{ROUNDS} kills, {len(siege.queued)} messages, "
        f"{len(siege.queued - set(siege.copies))} lost, {len(doubled)} doubled, "
        f"{max(map(len, siege.copies.values()))} copies at worst"
    )
    assert set(siege.copies) == siege.queued
    for copies in doubled:
        assert len({(copy.content, copy.recipients) for copy in copies}) == 1
        assert len(copies) - 1 <= siege.on_the_wire(copies)
