"""The terminal: lines typed by a person, with history and completion where readline is there."""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["Terminal"]

CTRL_C = "\x03"
HISTORY_LENGTH = 1000


class Terminal:
    """A person at the keyboard.

    Lines are read in a thread, so that the event loop goes on meanwhile. A thread
    cannot be interrupted: with GNU readline Ctrl-C at the prompt is therefore a key like
    others, which ends the line with a mark; without, it takes effect at the end of the line.

    names
        What the Tab key completes from.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self._readline = _gnu_readline()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if self._readline is not None:
            self._open.enter_context(_prepared(self._readline, self._names))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    async def ask(self, prompt: str) -> str:
        """Read the next line. Raises `EOFError` at Ctrl-D, `KeyboardInterrupt` at Ctrl-C."""
        with ExitStack() as stack:
            if self._readline is not None:
                stack.enter_context(_ctrl_c_is_a_key())
            line = await _in_a_thread(prompt)
        if CTRL_C in line:
            raise KeyboardInterrupt
        if self._readline is not None and line.strip():
            self._readline.add_history(line)
        return line


async def _in_a_thread(prompt: str) -> str:
    answer: Future[str] = Future()

    def read() -> None:
        try:
            answer.set_result(input(prompt))
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            answer.set_exception(error)

    # Not a pool's thread: those are waited for at exit, and Enter may never be pressed again.
    Thread(target=read, name="prompt", daemon=True).start()
    return await asyncio.wrap_future(answer)


def _gnu_readline() -> ModuleType | None:
    """Python's readline module, unless it is absent or the BSD one, which binds keys otherwise."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    try:
        import readline
    except ImportError:
        return None
    return readline if "GNU readline" in (readline.__doc__ or "") else None


@contextmanager
def _prepared(readline: ModuleType, names: dict[str, Any]) -> Iterator[None]:
    """Keys, completion, and the history that Python's own prompt keeps."""
    from rlcompleter import Completer

    history = os.path.expanduser("~/.python_history")
    readline.set_completer(Completer(names).complete)
    readline.parse_and_bind("tab: complete")
    readline.parse_and_bind(r'"\C-c": "\C-v\C-c\C-m"')
    readline.set_auto_history(False)
    readline.set_history_length(HISTORY_LENGTH)
    with suppress(OSError):
        readline.read_history_file(history)
    yield
    with suppress(OSError):
        readline.write_history_file(history)


@contextmanager
def _ctrl_c_is_a_key() -> Iterator[None]:
    """Keep the terminal from making a signal of Ctrl-C."""
    import termios

    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    mode = termios.tcgetattr(keyboard)
    mode[6][termios.VINTR] = bytes([os.fpathconf(keyboard, "PC_VDISABLE")])
    termios.tcsetattr(keyboard, termios.TCSADRAIN, mode)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
