"""Charset labels as messages have them, read as browsers read them (https://encoding.spec.whatwg.org).

Many messages are written in more than their label has: "gb2312" on text in GBK, "iso-8859-1" on
the quotation marks of windows-1252. A label therefore stands for the larger charset.
"""

from __future__ import annotations

from functools import lru_cache

from quartapp.mail.message.charsets import codec

__all__ = ["decoder"]

LARGER = {
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "iso8859-11": "cp874",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}
"""By Python's names: what is read where less is named."""

# The labels of the standard that neither Python nor `codec` knows.
LABELS = {
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
    "utf-16-be": "unicodefffe",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff",
    "iso8859-6": "csiso88596e csiso88596i iso-8859-6-e iso-8859-6-i",
    "iso8859-7": "sun_eu_greek",
    "iso8859-8": "csiso88598e csiso88598i iso-8859-8-e iso-8859-8-i logical visual",
    "iso8859-15": "csisolatin9",
    "koi8-r": "koi koi8",
    "koi8-u": "koi8-ru",
    "mac-roman": "csmacintosh mac x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp874": "dos-874",
    "cp932": "x-sjis",
    "cp949": "cseuckr csksc56011987 iso-ir-149 ks_c_5601-1989 ksc_5601 windows-949",
    "gb18030": "csgb2312 gb_2312 gb_2312-80 x-gbk",
    "big5hkscs": "cn-big5 x-x-big5",
    "euc_jp": "cseucpkdfmtjapanese x-euc-jp",
}
CODECS = {label: name for name, labels in LABELS.items() for label in labels.split()}
CODECS |= {f"iso8859{number}": f"iso8859-{number}" for number in range(1, 16) if number != 12}
CODECS |= {f"x-cp125{number}": f"cp125{number}" for number in range(9)}


@lru_cache(100)
def decoder(label: str) -> str | None:
    """Python's name of the charset that text with this label is read in, None for none."""
    written = label.strip(" \t\r\n\"'").lower()
    found = codec(CODECS.get(written, written))
    return LARGER.get(found, found) if found else None
