"""What a mail template misses: an error that says in which file and line."""

from __future__ import annotations

from jinja2 import UndefinedError

from quartapp.mail.errors import MessageError
from quartapp.mail.templating import place_of

__all__ = ["UndefinedInTemplate"]


class UndefinedInTemplate(MessageError, UndefinedError):
    """A name that a mail template uses and nobody has given it. Jinja's `UndefinedError` too.

    path, line
        Where it stands.
    reason
        Jinja's own words.
    """

    def __init__(self, error: UndefinedError, template: str) -> None:
        self.path, self.line = place_of(error) or (template, 0)
        if self.path.startswith("<"):  # a template that is in no file
            self.path = template
        self.reason = error.message or "something is undefined"
        at = f"{self.path}, line {self.line}" if self.line else self.path
        super().__init__(
            f"{at}: {self.reason}: correct the name, pass it to send_email or compose, or write "
            "| default(...) where it may be missing (MAIL_STRICT_TEMPLATES=false writes nothing "
            "instead)."
        )
