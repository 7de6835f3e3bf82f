"""Charsets that text may be written in: those of the standard library that are charsets of mail."""

from __future__ import annotations

import codecs
import re

from quartapp.mail.errors import MessageError

__all__ = ["codec", "label", "written_in"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}")

NO_CHARSETS = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
)
"""Codecs of Python for other purposes. Some take quadratic time, which nobody is to ask for."""

LABELS = {
    "ascii": "us-ascii",
    **{f"iso8859-{part}": f"iso-8859-{part}" for part in range(1, 17)},
    **{f"cp{page}": f"windows-{page}" for page in [874, *range(1250, 1259)]},
    **{f"cp{page}": f"ibm{page}" for page in (*range(860, 867), 273, 424, 437, 500, 775, 850)},
    **{f"cp{page}": f"ibm{page}" for page in ("037", 852, 855, 857, 869, 1026)},
    "cp858": "ibm00858",
    "cp1140": "ibm01140",
    "cp932": "windows-31j",
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
    "big5hkscs": "big5-hkscs",
    "hz": "hz-gb-2312",
    "iso2022_jp": "iso-2022-jp",
    "iso2022_jp_2": "iso-2022-jp-2",
    "iso2022_kr": "iso-2022-kr",
    "kz1048": "kz-1048",
    "mac-roman": "macintosh",
    **{f"utf-{bits}-{end}": f"utf-{bits}{end}" for bits in (16, 32) for end in ("be", "le")},
    **{
        same: same
        for same in (
            *("utf-8", "utf-7", "utf-16", "utf-32", "koi8-r", "koi8-u", "big5", "shift_jis"),
            *("gb2312", "gbk", "gb18030", "hp-roman8", "ptcp154", "tis-620"),
        )
    },
}
"""IANA's names, in lower case, of Python's codecs; the others have none."""

CODECS = {label: codec for codec, label in LABELS.items()}


def codec(name: str) -> str | None:
    """Python's name of a charset, None where there is no such charset."""
    if not NAME.fullmatch(name):
        return None
    try:
        found = codecs.lookup(CODECS.get(name.lower(), name))
        # It says whether the codec turns text into bytes: "hex" and "zlib" do not.
        "".encode(found.name)
    except (LookupError, ValueError):
        return None
    return None if found.name.replace("-", "_") in NO_CHARSETS else found.name


def label(name: str) -> str | None:
    """The name of a charset that other programs know, None where there is none."""
    return LABELS.get(codec(name) or "")


def written_in(charset: str, text: str) -> bytes:
    """The text in a charset that `codec` knows.

    Raises `UnicodeError` where it cannot write a character, `MessageError` where others would be
    read: "¥" in Shift_JIS is a backslash.
    """
    if charset == "utf-8":
        return text.encode()
    name = codec(charset) or charset
    octets = text.encode(name)
    if octets.decode(name) != text:
        raise MessageError("it would be read as another text, and utf-8 writes everything")
    return octets
