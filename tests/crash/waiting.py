"""Wait for what is bound to happen, and say what was hoped for when it does not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["PATIENCE", "until"]

PATIENCE = 30.0
"""How long anything may take, in seconds."""

READ_FIRST = 0.005

T = TypeVar("T")


async def until(
    look: Callable[[], Awaitable[T]], hope: Callable[[], str], timeout: float = PATIENCE
) -> T:
    """Look again and again until there is something to be seen, and return it.

    Raises `TimeoutError` with the hope, as it stands by then.
    """
    try:
        async with asyncio.timeout(timeout):
            # Other processes notify nothing here.
            while not (seen := await look()):  # noqa: ASYNC110
                await asyncio.sleep(READ_FIRST)
            return seen
    except TimeoutError:
        raise TimeoutError(f"not within {timeout:g} s: {hope()}") from None
