"""Statements of Python with top-level await, run one after another in one loop and one context."""

from __future__ import annotations

import ast
import asyncio
import builtins
import inspect
import linecache
import signal
import sys
import traceback
from codeop import CommandCompiler
from types import FunctionType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from contextvars import Context
    from types import CodeType

__all__ = ["ShellSession", "show"]


class ShellSession:
    """What statements share: their names, their context and the event loop.

    Used with `async with` in the main thread. Meanwhile Ctrl-C ends the running statement
    and nothing else that lives on the loop.

    context
        Where context variables live from one statement to the next.
    """

    def __init__(self, context: Context) -> None:
        # With __builtins__, as everywhere in Python: warnings look for a module's imports there.
        self.names: dict[str, Any] = {
            "__name__": "__main__",
            "__doc__": None,
            "__builtins__": builtins,
        }
        self._context = context
        self._running: asyncio.Task[BaseException | None] | None = None
        self._interrupted = False
        self._compile = CommandCompiler()
        self._compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    async def __aexit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def compile(self, source: str, filename: str) -> CodeType | None:
        """Compile what was typed so far, None if it goes on. Raises `SyntaxError`."""
        _remember(source, filename)
        return self._compile(source, filename, "single")

    def compile_file(self, source: str, filename: str) -> CodeType:
        """Compile a whole file. Raises `SyntaxError`."""
        _remember(source, filename)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code: CodeType = compile(source, filename, "exec", flags, dont_inherit=True)
        return code

    async def run(self, code: CodeType) -> BaseException | None:
        """Run one compiled statement or file, and return what it raised."""
        self._interrupted = False
        self._running = self._loop.create_task(
            self._outcome(code), name="statement", context=self._context
        )
        try:
            error = await self._running
        finally:
            self._running = None
        if self._interrupted and isinstance(error, asyncio.CancelledError):
            return KeyboardInterrupt()
        return error

    async def _outcome(self, code: CodeType) -> BaseException | None:
        try:
            result = FunctionType(code, self.names)()
            if code.co_flags & inspect.CO_COROUTINE:
                await result
        except BaseException as error:  # noqa: BLE001 - exit() and Ctrl-C are answers, too
            return error
        return None

    def _interrupt(self, *_: object) -> None:
        """End the statement: at once where it computes, by cancelling it where it awaits.

        One that will not be cancelled takes the shell with it at the second Ctrl-C.
        """
        if self._running is None:
            return
        if self._interrupted or asyncio.current_task(self._loop) is self._running:
            raise KeyboardInterrupt
        self._interrupted = True
        self._loop.call_soon_threadsafe(self._running.cancel)


def show(error: BaseException) -> None:
    """Print an error as Python does, from the statement on."""
    if isinstance(error, KeyboardInterrupt):
        print("\nKeyboardInterrupt", file=sys.stderr)
        return
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def _remember(source: str, filename: str) -> None:
    """Let tracebacks show the lines of a source that is no file."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
