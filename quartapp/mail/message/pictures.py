"""Pictures that a message shows inside its HTML (RFC 2387, RFC 2392)."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from quartapp.mail.errors import MessageError
from quartapp.mail.lines import shown
from quartapp.mail.message.attachment import Attachment
from quartapp.mail.message.types import type_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

__all__ = ["address_of", "in_place", "picture"]

KINDS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"<svg": "image/svg+xml",
    b"<?xml": "image/svg+xml",
}
"""How the files of pictures begin."""

LARGEST = 25 * 1024 * 1024
"""Bytes that are read of a file; no server takes a message with more."""


def picture(
    source: str | PathLike[str] | bytes,
    cid: str | None = None,
    filename: str | None = None,
    content_type: str | None = None,
) -> Attachment:
    """A picture from a file or from bytes, by a name that the HTML finds it by.

    cid
        The name; where there is none, one made from the content: the same picture has the same.

    content_type
        Its kind; where there is none, told by its name, its cid or how it begins.

    Raises `MessageError` for a file that cannot be read, and what `Attachment` raises.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    else:
        data = _read(source)
        filename = filename or Path(source).name
    kind = content_type or type_of(filename or "") or type_of(cid or "") or _kind(data)
    name = cid or f"{sha256(data).hexdigest()[:32]}@inline"
    return Attachment(filename, kind, data, "inline", {"Content-ID": name})


def address_of(attachment: Attachment) -> str:
    """What the `src` of an `<img>` is: the content id as an address (RFC 2392)."""
    bare = (attachment.content_id or "").removeprefix("<").removesuffix(">")
    return f"cid:{quote(bare, safe='@!$*+-._~=')}"


def in_place(attachments: Iterable[Attachment], new: Attachment) -> bool:
    """Whether the message has this picture already. Raises `MessageError` for another of its id."""
    for attachment in attachments:
        if attachment.content_id == new.content_id:
            if attachment.source == new.source:
                return True
            raise MessageError(
                f"inline has another picture as {new.content_id}: give each its own cid."
            )
    return False


def _read(path: str | PathLike[str]) -> bytes:
    try:
        file = Path(path)
        # A directory says so itself; a named pipe or a device would hold whoever reads it.
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise ValueError("it is no regular file")
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError(f"it has more than {LARGEST} bytes, so attach it by path=")
        return data
    except (OSError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MessageError(f"inline cannot read the picture {shown(path)}: {reason}.") from error


def _kind(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in KINDS.items() if data.startswith(start)), None)
