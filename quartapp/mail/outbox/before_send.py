"""Hooks of an app that see each message before it is encoded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, TypeVar

from quartapp.mail.errors import MailError, WrongTypeError
from quartapp.mail.message.message import Message

if TYPE_CHECKING:
    from quartapp.mail.host import Host

__all__ = ["BeforeSend", "H", "Hook", "checked_hook"]

Hook = Callable[[Message], Awaitable[None] | None]
"""A function of one message, sync or async, that amends it in place or raises."""

H = TypeVar("H", bound=Hook)


class BeforeSend:
    """The hooks of one app, in the order in which they were added."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._hooks: list[Hook] = []

    def add(self, hook: H) -> H:
        """Add a hook, unless it is there. Raises `WrongTypeError` for what is no function."""
        if checked_hook(hook) not in self._hooks:
            self._hooks.append(hook)
        return hook

    async def see(self, message: Message) -> None:
        """Show a message to each hook, in this task. Raises what a hook raises."""
        for hook in tuple(self._hooks):
            answer = await self._host.ensure_async(hook)(message)
            # Of a partial or a lambda nobody knows beforehand that it is async.
            if isawaitable(answer):
                answer = await answer
            if answer is not None:
                raise MailError(
                    f"the before_send hook {_name(hook)} returned {type(answer).__name__}: change "
                    "the message in place, or raise MessageVetoed, and return nothing"
                )


def checked_hook(hook: H) -> H:
    """The same hook. Raises `WrongTypeError` for what cannot be called."""
    if not callable(hook):
        raise WrongTypeError(f"before_send takes a function of a message, not {_name(hook)}")
    return hook


def _name(hook: object) -> str:
    return getattr(hook, "__qualname__", type(hook).__name__)
