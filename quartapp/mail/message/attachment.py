"""A file that travels with a message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from mimetypes import MimeTypes
from typing import TYPE_CHECKING, Any

from quartapp.mail.errors import MessageError
from quartapp.mail.lines import checked_line, shown
from quartapp.mail.message.headers import checked_headers

if TYPE_CHECKING:
    from quartapp.mail.message.headers import Headers

__all__ = ["Attachment"]

TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 -- RFC 2045's word for a word
CONTENT_TYPE = re.compile(rf"{TOKEN}/{TOKEN}(?:\s*;[ -~]*)?")
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
        The name that the reader sees, in any script; None for none.
    content_type
        Such as "image/png"; guessed from the file name where it is not given.
    data
        The content; text is stored in UTF-8.
    disposition
        "attachment", or "inline" for what is shown inside the message: with a Content-ID among
        the headers, `<img src="cid:...">` in the HTML finds it.
    headers
        More headers of this part, as a mapping or as pairs.

    Raises `BadHeaderError` for line breaks, control characters and impossible header names,
    `MessageError` for an impossible content type, disposition or Content-ID and for no data.
    """

    filename: str | None
    content_type: str
    data: bytes = field(repr=False)
    disposition: str
    headers: dict[str, str]

    def __init__(
        self,
        filename: str | None = None,
        content_type: str | None = None,
        data: str | bytes | None = None,
        disposition: str | None = None,
        headers: Headers | None = None,
    ) -> None:
        name = checked_line("filename", filename or "").strip() or None
        self._set("filename", name)
        self._set("content_type", _checked_type(content_type or _guessed_type(name, data)))
        self._set("data", _checked_data(name, data))
        self._set("disposition", _checked_disposition(disposition or "attachment"))
        self._set("headers", _checked_part_headers(headers))

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


def _guessed_type(filename: str | None, data: object) -> str:
    # A table of its own: the system's mime.types would make a message depend on the machine.
    guessed, compressed = MimeTypes().guess_type(filename or "")
    if compressed:
        return "application/octet-stream"
    if guessed is None and filename is None and isinstance(data, str):
        return "text/plain"
    return guessed or "application/octet-stream"


def _checked_type(content_type: str) -> str:
    text = checked_line("content_type", content_type).strip().lower()
    if not CONTENT_TYPE.fullmatch(text) or text.startswith("multipart/"):
        raise MessageError(f"content_type {shown(text)} is not a type of one file, like image/png.")
    return content_type.strip()


def _checked_data(filename: str | None, data: str | bytes | None) -> bytes:
    if data is None:
        raise MessageError(f"data of {shown(filename)} is missing: give text or bytes.")
    try:
        return data.encode() if isinstance(data, str) else bytes(memoryview(data))
    except (TypeError, UnicodeEncodeError) as error:
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
