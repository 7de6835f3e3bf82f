"""A stream: the content of a file as a program gives it piece by piece."""

from __future__ import annotations

from inspect import isasyncgen
from typing import TYPE_CHECKING

from quartapp.mail.errors import MessageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

__all__ = ["Stream"]


class Stream:
    """An async iterable of bytes; an iterator, such as a generator, can be read once."""

    def __init__(self, pieces: AsyncIterable[bytes]) -> None:
        self._pieces = pieces
        self._is_over = False

    def __repr__(self) -> str:
        return f"<Stream {self._pieces!r}>"

    def opened(self, place: str) -> AsyncIterator[bytes]:
        """The pieces from the first one on.

        place
            The field that the error names.

        Raises `MessageError` where they were read already, or are being read.
        """
        pieces = aiter(self._pieces)
        # A generator given to two attachments would end at once for the second.
        is_over = isasyncgen(pieces) and (pieces.ag_frame is None or pieces.ag_running)
        if self._is_over or is_over:
            raise MessageError(
                f"{place} was read already, and an async iterator can be read once: give its "
                "bytes, or an object whose __aiter__ starts anew."
            )
        self._is_over = pieces is self._pieces
        return pieces
