"""The dialogue of a shell: read a statement, run it, print what came of it, until Ctrl-D."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from quartapp.cli.session import show
from quartapp.cli.terminal import Terminal

if TYPE_CHECKING:
    from types import CodeType

    from quartapp.cli.session import ShellSession

__all__ = ["converse"]


async def converse(session: ShellSession, banner: str) -> BaseException | None:
    """Run statements typed at the terminal. Returns the `SystemExit` that ended it, if one did."""
    if startup := _startup_file(session):
        await session.run(startup)
    print(banner, file=sys.stderr)
    with Terminal(session.names) as terminal:
        for number in itertools.count(1):
            try:
                error = await _exchange(session, terminal, f"<input {number}>")
            except EOFError:
                print()
                return None
            if isinstance(error, SystemExit):
                return error
            if error is not None:
                show(error)
    return None


async def _exchange(
    session: ShellSession, terminal: Terminal, filename: str
) -> BaseException | None:
    """Read and run one statement. Returns what went wrong; raises `EOFError` at Ctrl-D."""
    try:
        code = await _statement(session, terminal, filename)
    except KeyboardInterrupt as interrupt:
        return interrupt
    except (SyntaxError, ValueError, OverflowError) as mistake:
        return mistake.with_traceback(None)
    return await session.run(code)


async def _statement(session: ShellSession, terminal: Terminal, filename: str) -> CodeType:
    """Read lines until they are a whole statement."""
    source = await terminal.ask(getattr(sys, "ps1", ">>> "))
    while (code := session.compile(source, filename)) is None:
        source += "\n" + await terminal.ask(getattr(sys, "ps2", "... "))
    return code


def _startup_file(session: ShellSession) -> CodeType | None:
    """Compile the file that Python itself runs before a dialogue."""
    path = os.environ.get("PYTHONSTARTUP")
    if not path or not Path(path).is_file():
        return None
    return session.compile_file(Path(path).read_text(), path)
