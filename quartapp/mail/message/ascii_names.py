# ruff: noqa: RUF001 -- its table is of letters that look like others
"""File names in plain ASCII, for readers that know no RFC 2231."""

from __future__ import annotations

import re
import unicodedata
from posixpath import splitext

__all__ = ["ascii_name"]

LONGEST = 900
"""Octets of a name: its parameter is on one line, which has at most 998."""

LONGEST_END = 20
"""Characters of what is kept after the last dot where a name is shortened."""

# What Unicode does not take apart: letters of Europe, Cyrillic and Greek, and punctuation.
_PAIRS = (
    "ß=ss ẞ=SS æ=ae Æ=AE œ=oe Œ=OE ø=o Ø=O đ=d Đ=D ð=d Ð=D þ=th Þ=Th ł=l Ł=L ı=i ħ=h Ħ=H ŋ=n Ŋ=N "
    "ŧ=t Ŧ=T ĸ=k ƒ=f ə=e Ə=E ɓ=b ɗ=d ƙ=k ʼ=' ‘=' ’=' ‚=' “=' ”=' „=' «=' »=' ‹=' ›=' ‐=- ‑=- ‒=- "
    "–=- —=- ―=- −=- €=EUR £=GBP ¥=JPY ×=x ÷=- ·=- •=- ©=(c) ®=(r) ⁄=- ∕=- "
    "а=a б=b в=v г=g д=d е=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh "
    "ц=ts ч=ch ш=sh щ=shch ъ= ы=y ь= э=e ю=yu я=ya ё=yo є=ye і=i ї=yi ґ=g ђ=dj ј=j љ=lj њ=nj ћ=c "
    "џ=dz ў=u ѓ=gj ќ=kj ѕ=dz α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p "
    "ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o"
)
FORMS = dict(pair.split("=") for pair in _PAIRS.split())
FORMS |= {
    letter.upper(): form.capitalize()
    for letter, form in FORMS.items()
    if letter.islower() and letter > "Ͱ"
}
UNSAFE = str.maketrans({'"': "'", "\\": "_"})


def ascii_name(filename: str) -> str:
    """A file's name in ASCII: each letter in its nearest form, `_` for one that has none.

    A name of nothing but such letters is called "attachment", with its end.
    """
    name = "".join(map(_ascii, unicodedata.normalize("NFC", filename))).translate(UNSAFE)
    # Some readers take it for an encoded word.
    name = " ".join(name.split()).replace("=?", "=_")
    stem, end = splitext(name)
    if not re.search("[A-Za-z0-9]", stem) or name.startswith("."):
        stem, end = "attachment", end or (name if name.startswith(".") else "")
    return stem[: LONGEST - len(end)] + end if len(end) <= LONGEST_END else (stem + end)[:LONGEST]


def _ascii(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter in FORMS:
        return FORMS[letter]
    parts = unicodedata.normalize("NFKD", letter)
    if parts == letter:
        return "" if unicodedata.combining(letter) else "_"
    # What it is made of must not make a path of a name.
    return "".join(_ascii(part) for part in parts).replace("/", "_")
