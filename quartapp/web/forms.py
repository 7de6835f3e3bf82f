"""The form that asks for a name, and what may be one: any script, no tricks."""

from __future__ import annotations

import unicodedata

from wtforms import StringField, ValidationError

from quartapp.models import USERNAME_LENGTH
from quartapp.web.csrf import SafeForm

__all__ = ["NameForm", "cleaned", "objection"]

CONTROL = {"Cc", "Cs", "Zl", "Zp"}
DIRECTION = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They reverse the text after a name; names in any script do without."""

INVISIBLE = {"Cf", "Cn", "Co", "Mn", "Me", "Zs"}
BLANK = set("\u115f\u1160\u2800\u3164\uffa0")
"""Characters that Unicode counts as visible, and that look like nothing."""

MOST_COMPOSED = 10 * USERNAME_LENGTH
"""Characters of a name that are composed; a longer one is refused in any form."""


def cleaned(name: str | None) -> str:
    """The name in its composed form (NFC) without white space around it.

    A name that is far too long stays as it is: composing accents takes quadratic time.
    """
    bare = (name or "").strip()
    return bare if len(bare) > MOST_COMPOSED else unicodedata.normalize("NFC", bare).strip()


def objection(name: str) -> str | None:
    """What is wrong with a cleaned name, in a sentence; None when nothing is."""
    if not name:
        return "Please type a name."
    if len(name) > USERNAME_LENGTH:
        return f"That name has {len(name)} characters; at most {USERNAME_LENGTH} fit."
    if any(_is_control(character) for character in name):
        return "That name contains a control character; please type it again without."
    if not any(_is_visible(character) for character in name):
        return "That name is invisible; please type one that can be seen."
    return None


class NameForm(SafeForm):
    """Asks for a name."""

    name = StringField("What is your name?", filters=[cleaned])

    def validate_name(self, field: StringField) -> None:
        """Raises `ValidationError` with the objection to the name."""
        sentence = objection(field.data or "")
        if sentence:
            raise ValidationError(sentence)

    @property
    def sentence(self) -> str:
        """The first thing that is wrong."""
        return self.refusal or str(self.name.errors[0])


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in CONTROL or character in DIRECTION


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in INVISIBLE and character not in BLANK
