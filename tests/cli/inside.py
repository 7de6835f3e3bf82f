"""A command inside this process: where many are tried, a process for each would take too long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from click.testing import CliRunner

from quartapp.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.testing import Result

__all__ = ["Inside"]


class Inside:
    """Runs `quartapp` commands in an environment, with servers of this process going on."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    async def run(self, *command: str, **settings: object) -> Result:
        """The end of a command: `exit_code`, and `output`, which is stdout and stderr."""
        environment = {name: str(value) for name, value in settings.items()}
        runner = CliRunner(env={**self._environment, **environment})
        # Commands have event loops of their own.
        return await asyncio.to_thread(runner.invoke, main, command, prog_name="quartapp")
