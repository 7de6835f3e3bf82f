"""A file that travels with a message."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quartapp.mail.errors import MessageError
from quartapp.mail.lines import checked_line, shown
from quartapp.mail.message.charsets import label, written_in
from quartapp.mail.message.content_type import ContentType
from quartapp.mail.message.headers import checked_headers
from quartapp.mail.message.streams import Stream
from quartapp.mail.message.types import type_of

if TYPE_CHECKING:
    from quartapp.mail.message.headers import Headers

__all__ = ["Attachment"]

LONGEST_NAME = 500
"""Characters of a file name; no file system has longer ones."""

Data = str | bytes | bytearray | memoryview | AsyncIterable[bytes]
"""The content as a program gives it."""

CONTENT_ID = re.compile(r"[!-;=?-~]{1,250}")
OURS = {
    "content-type": "use content_type",
    "content-disposition": "use disposition and filename",
    "content-transfer-encoding": "it is chosen for the data",
    "mime-version": "it stands at the top of the message",
}


@dataclass(frozen=True, slots=True, init=False)
class Attachment:
    """A file, checked when it is made.

    filename
        The name that the reader sees, in any script; None for none, or for that of `path`.
    content_type
        Such as "image/png", with parameters in ASCII if any; guessed from the file name where it
        is not given.
    data
        The content, text or bytes, as it was given. An async iterable of bytes is read when the
        message is queued or sent.
    octets
        The content as it is sent: text in the charset of the content type, else in UTF-8.
    disposition
        "attachment", or "inline" for what is shown inside the message: with a Content-ID among
        the headers, `<img src="cid:...">` in the HTML finds it.
    headers
        More headers of this part, as a mapping or as pairs.
    path
        The file to read instead of `data`, when the message is queued or sent.

    Raises `BadHeaderError` for line breaks, control characters and impossible header names,
    `MessageError` for an impossible file name, content type, disposition or Content-ID, for no data
    and for headers about the content that are not short ASCII. All of it is checked again when the
    message is composed.
    """

    filename: str | None
    content_type: str
    source: bytes | Path | Stream = field(repr=False)
    text: str | None = field(repr=False, compare=False)
    disposition: str
    headers: dict[str, str]

    def __init__(
        self,
        filename: str | None = None,
        content_type: str | None = None,
        data: Data | Stream | None = None,
        disposition: str | None = None,
        headers: Headers | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        file = None if path is None else _checked_path(path, data)
        name = _checked_name(file.name if file and filename is None else filename)
        kind = checked_line("content_type", content_type or _guessed_type(name, file, data)).strip(
            " "
        )
        self._set("filename", name)
        self._set("content_type", kind)
        charset = ContentType.read("content_type", kind).charset
        self._set("source", file or _checked_data(name, data, charset))
        self._set("text", data if isinstance(data, str) else None)
        self._set("disposition", _checked_disposition(disposition or "attachment"))
        self._set("headers", _checked_part_headers(headers))

    def checked(self) -> Attachment:
        """The same, checked again. Raises what making it raises."""
        return self.of(self.source if self.text is None else self.text)

    def of(self, source: str | bytes | Path | Stream) -> Attachment:
        """The same with another content. Raises what making it raises."""
        data, path = (None, source) if isinstance(source, Path) else (source, None)
        # An empty name is none, where None is that of the path.
        name = self.filename or ""
        return Attachment(name, self.content_type, data, self.disposition, self.headers, path=path)

    @property
    def data(self) -> str | bytes:
        """The content, text where text was given. Raises what `octets` raises."""
        return self.octets if self.text is None else self.text

    @property
    def octets(self) -> bytes:
        """The content as it is sent.

        Raises `MessageError` for a file or a stream that was not read yet.
        """
        if isinstance(self.source, bytes):
            return self.source
        raise MessageError(
            f"data of {shown(self.filename)} was not read yet: it is when the message is queued or "
            "sent."
        )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def content_id(self) -> str | None:
        """The name by which the HTML finds it, in angle brackets."""
        return next((v for k, v in self.headers.items() if k.lower() == "content-id"), None)

    @property
    def is_related(self) -> bool:
        """Whether it is shown inside the HTML and not listed below it."""
        return self.disposition == "inline" and self.content_id is not None


def _checked_path(path: str | os.PathLike[str], data: object) -> Path:
    if data is not None:
        raise MessageError(f"path {shown(path)} is given, and data too: leave one of them.")
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else path
    if not isinstance(text, str) or not text or "\0" in text:
        raise MessageError(f"path {shown(path)} is no path of a file.")
    return Path(text)


def _checked_name(filename: str | None) -> str | None:
    name = checked_line("filename", filename or "").strip()
    if len(name) > LONGEST_NAME:
        raise MessageError(
            f"filename {shown(name)} has {len(name)} characters: at most {LONGEST_NAME} fit."
        )
    return name or None


def _guessed_type(filename: str | None, path: Path | None, data: object) -> str:
    guessed = type_of(filename or (path.name if path else ""))
    if guessed is None and filename is None and isinstance(data, str):
        return "text/plain"
    return guessed or "application/octet-stream"


def _checked_data(
    filename: str | None, data: Data | Stream | None, charset: str | None
) -> bytes | Stream:
    if data is None:
        raise MessageError(f"data of {shown(filename)} is missing: give text or bytes, or a path.")
    if isinstance(data, bytes | Stream):
        return data
    if isinstance(data, AsyncIterable):
        return Stream(data)
    name = charset or "utf-8"
    if isinstance(data, str) and label(name) is None:
        raise MessageError(f"content_type has a charset {shown(charset)}, which is unknown.")
    try:
        return written_in(name, data) if isinstance(data, str) else bytes(memoryview(data))
    except TypeError as error:
        raise MessageError(
            f"data of {shown(filename)} must be text, bytes or an async iterator of bytes, not "
            f"{type(data).__name__}: read it first, or give path= for a file."
        ) from error
    except (UnicodeError, MessageError) as error:
        raise MessageError(f"data of {shown(filename)} must be text or bytes: {error}.") from error


def _checked_disposition(disposition: str) -> str:
    text = checked_line("disposition", disposition).strip().lower()
    if text not in {"attachment", "inline"}:
        raise MessageError(f'disposition {shown(text)} must be "attachment" or "inline".')
    return text


def _checked_part_headers(headers: Headers | None) -> dict[str, str]:
    clean = checked_headers("headers", headers or {}, OURS)
    for name, value in clean.items():
        if name.lower() == "content-id":
            clean[name] = _bracketed(value)
    return clean


def _bracketed(content_id: str) -> str:
    bare = content_id.strip().removeprefix("<").removesuffix(">")
    if not CONTENT_ID.fullmatch(bare):
        raise MessageError(
            f"headers['Content-ID'] {shown(content_id)} is no content id like logo@example.org."
        )
    return f"<{bare}>"
