"""What may be somebody's name: any script, no tricks."""

from __future__ import annotations

import unicodedata

from quartapp.models import USERNAME_LENGTH

__all__ = ["cleaned", "objection"]

CONTROL = {"Cc", "Cs", "Zl", "Zp"}
DIRECTION = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the text after a name around; names in any script do without."""

UNSEEN = {"Cf", "Cn", "Co", "Mn", "Me", "Zs"}
BLANK = set("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols, says Unicode, that look like nothing."""


def cleaned(name: str | None) -> str:
    """The name in its encoded form (NFC) without white space around it."""
    return unicodedata.normalize("NFC", name or "").strip()


def objection(name: str) -> str | None:
    """What is wrong with a cleaned name, in a sentence; None when nothing is."""
    if not name:
        return "Please type a name."
    if len(name) > USERNAME_LENGTH:
        return f"That name has {len(name)} characters; at most {USERNAME_LENGTH} fit."
    if any(unicodedata.category(letter) in CONTROL or letter in DIRECTION for letter in name):
        return "That name contains a control character; please type it again without."
    if not any(_is_seen(letter) for letter in name):
        return "That name cannot be seen; please type one with a letter in it."
    return None


def _is_seen(letter: str) -> bool:
    return unicodedata.category(letter) not in UNSEEN and letter not in BLANK
