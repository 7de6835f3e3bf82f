"""How many live streams there may be: each keeps a connection, and looks into the outbox."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from quartapp.mail import client_network

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Streams"]

MOST = 200
MOST_OF_ONE_CLIENT = 12


class Streams:
    """The streams of one process.

    most, most_of_one_client
        How many there may be at once, and how many of those to one client address.
    """

    def __init__(self, most: int = MOST, most_of_one_client: int = MOST_OF_ONE_CLIENT) -> None:
        self._most = most
        self._most_of_one_client = most_of_one_client
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    @contextmanager
    def place(self, address: str) -> Iterator[bool]:
        """A place for one more to this address, until the block ends; False where there is none."""
        client = client_network(address)
        if len(self) >= self._most or self._open[client] >= self._most_of_one_client:
            yield False
            return
        self._open[client] += 1
        try:
            yield True
        finally:
            self._open[client] -= 1
            self._open += Counter()  # forgets who has none
