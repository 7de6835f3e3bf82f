"""The service runs in a program without a web framework."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from tests.fixtures.process import run

# The wheel may have to be built first.
pytestmark = pytest.mark.timeout(180)

EXAMPLE = Path(__file__).parents[2] / "examples" / "plain_asyncio.py"


async def test_a_plain_program_sends(elsewhere, server, tmp_path):
    shutil.copy(EXAMPLE, tmp_path)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MAIL_SERVER": server.host,
        "MAIL_PORT": str(server.port),
    }
    command = [str(elsewhere / "python"), "plain_asyncio.py", "ada@example.com"]

    ended = await asyncio.to_thread(run, command, environment, tmp_path)

    assert (ended.stdout.split(), ended.stderr) == (["sent"], "")
    assert [message.recipients for message in server.messages] == [("ada@example.com",)]
