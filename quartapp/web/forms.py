"""The forms of the pages."""

from __future__ import annotations

from typing import Self

from quart import current_app, request
from wtforms import Form, StringField, ValidationError
from wtforms.meta import DefaultMeta

from quartapp.web import names
from quartapp.web.csrf import SignedCSRF

__all__ = ["NameForm", "SafeForm"]


class SafeForm(Form):
    """A form that must have come from our own page, unless `WTF_CSRF_ENABLED` is false."""

    class Meta(DefaultMeta):
        """WTForms' own settings."""

        csrf_class = SignedCSRF

    @classmethod
    async def from_request(cls) -> Self:
        """The form as it was sent, or an empty one."""
        sent = await request.form if request.method == "POST" else None
        return cls(sent, meta={"csrf": current_app.config.get("WTF_CSRF_ENABLED", True)})

    @property
    def refusal(self) -> str | None:
        """Why the form as a whole is not taken, in a sentence."""
        errors = self["csrf_token"].errors if "csrf_token" in self else ()
        return str(errors[0]) if errors else None


class NameForm(SafeForm):
    """Asks for a name."""

    name = StringField("What is your name?", filters=[names.cleaned])

    def validate_name(self, field: StringField) -> None:
        """Raises `ValidationError` with the objection to the name."""
        sentence = names.objection(field.data or "")
        if sentence:
            raise ValidationError(sentence)

    @property
    def sentence(self) -> str:
        """The first thing that is wrong."""
        return self.refusal or str(self.name.errors[0])
