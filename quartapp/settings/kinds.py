"""The kinds of values: what may be written for a setting, and what it becomes.

Each kind takes what a person wrote, text or a TOML value, and returns the value. It raises
`ValueError` with the end of a sentence: what is wrong and what is accepted.
"""

from __future__ import annotations

import ipaddress
import math
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from quartapp.settings.keys import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    Word = TypeVar("Word", bound=StrEnum)

TRUE = ("true", "1", "yes", "on")
FALSE = ("false", "0", "no", "off")
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = 10 * 366 * 86400.0
SIZES = {"": 1, "kib": 1024, "mib": 1024**2}
OWN_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def true_or_false(raw: Any) -> bool:
    """A yes or a no."""
    word = str(raw).strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError(f"is neither: use {', '.join(TRUE)} or {', '.join(FALSE)}")


def level(raw: Any) -> int:
    """A yes or a no, or a number of one digit for how much; 0 is a no."""
    word = str(raw).strip()
    return int(word) if re.fullmatch("[0-9]", word) else int(true_or_false(raw))


def text(raw: Any) -> str:
    """One line of text, without the space around it."""
    line = _text(raw).strip()
    if CONTROL.search(line):
        raise ValueError("contains a line break or another control character: remove it")
    return line


def secret(raw: Any) -> Secret:
    """Text that is never shown, exactly as written."""
    return Secret(_text(raw))


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError("is not text: put it in quotes")
    try:
        raw.encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid UTF-8: write it again") from None
    return raw


def file(raw: Any) -> Path:
    """A path; a relative one starts at the working directory."""
    path = raw if isinstance(raw, Path) else Path(text(raw))
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError("begins with ~ and the name of nobody here") from None


def certificates(raw: Any) -> Path:
    """A PEM file with at least one certificate."""
    path = file(raw)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ValueError("holds no certificates: it must be a PEM file") from None
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from None
    return path


def whole(least: int, most: int) -> Callable[[Any], int]:
    """A whole number within bounds."""

    def parse(raw: Any) -> int:
        number = raw.strip() if isinstance(raw, str) else raw
        if isinstance(number, str) and re.fullmatch(r"-?[0-9]{1,18}", number):
            number = int(number)
        if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
            raise ValueError(f"is not a whole number from {least} to {most}")
        return number

    return parse


def duration(raw: Any) -> float:
    """Seconds, or a number with s, m, h or d."""
    seconds = _measure(raw, r"(s|m|h|d|)", UNITS)
    if seconds is None:
        raise ValueError("is not a duration: use seconds, or a number with s, m, h or d like 5m")
    if seconds > LONGEST:
        raise ValueError("is longer than ten years")
    return seconds


def some_time(raw: Any) -> float:
    """A duration of more than nothing."""
    seconds = duration(raw)
    if seconds == 0:
        raise ValueError("must be more than 0")
    return seconds


def size(raw: Any) -> int:
    """Bytes, or a number with KiB or MiB."""
    count = _measure(raw, r"(kib|mib|)", SIZES)
    if count is None or not 1 <= count <= 1024**4:
        raise ValueError("is not a size: use bytes, or a number with KiB or MiB like 25 MiB")
    return int(count)


def _measure(raw: Any, units: str, scale: dict[str, int]) -> float | None:
    """A number of units as a number of ones, None where it is not one or is less than nothing."""
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return float(raw) if 0 <= raw < math.inf else None
    written = str(raw).strip()
    found = re.fullmatch(rf"([0-9]{{1,15}}(?:\.[0-9]{{1,9}})?)\s*{units}", written.lower())
    return float(found[1]) * scale[found[2]] if found else None


def one_of(words: type[Word]) -> Callable[[Any], Word]:
    """One word of a list."""

    def parse(raw: Any) -> Word:
        for word in words:
            if str(raw).strip().lower() == word.value.lower():
                return word
        raise ValueError(f"is not one of {', '.join(words)}")

    return parse


def name(raw: Any) -> str:
    """A name that is safe everywhere: at most 64 letters, digits, dots, dashes and underscores."""
    word = _text(raw).strip()
    if not NAME.fullmatch(word):
        raise ValueError("is no name: use at most 64 letters, digits, dots, dashes or underscores")
    return word


def host(raw: Any) -> str:
    """A host name or address, without scheme and port."""
    name = text(raw)
    if re.fullmatch(r"[^\s/:@\[\]]+", name):
        return name
    try:
        return str(ipaddress.IPv6Address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise ValueError("is not a host name: leave scheme and port out of it") from None


def own_name(raw: Any) -> str:
    """How this host is called in SMTP: its name, or its address as a literal in brackets."""
    name = text(raw)
    if OWN_NAME.fullmatch(name) and not re.fullmatch(r"[0-9.]+", name):
        return name
    try:
        address = ipaddress.ip_address(re.sub(r"^\[(IPv6:)?|\]$", "", name, flags=re.IGNORECASE))
    except ValueError:
        raise ValueError(
            "is no name for this host: write it like mail.example.com or [192.0.2.1]"
        ) from None
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def web_address(raw: Any) -> str:
    """The public address of a site, without a slash at its end."""
    address = text(raw)
    if not _is_web_address(address):
        raise ValueError("is not a web address: write it like https://flasky.example.com")
    return address.rstrip("/")


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return False
    return not (parts.query or parts.fragment or " " in address)


def rate_limit(raw: Any) -> str | None:
    """So many in so much time, like `30/minute`; None for `off`."""
    words = text(raw).lower() if raw is not False else "off"
    if words == "off":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,8})\s*(?:/|per)\s*(second|minute|hour|day)", words)
    if not found:
        raise ValueError(
            "is not a rate: write it like 30/minute (second, minute, hour, day) or off"
        )
    return f"{found[1]}/{found[2]}"
