"""Writes a message from a pair of templates."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

from jinja2 import UndefinedError

from quartapp.mail.errors import MessageError
from quartapp.mail.message.message import Message
from quartapp.mail.rendering.css import with_inlined_css
from quartapp.mail.rendering.locales import language_tag, variants
from quartapp.mail.rendering.text import text_of
from quartapp.mail.rendering.undefined import UndefinedInTemplate
from quartapp.mail.templating import PICTURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from quartapp.mail.host import Host
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.templating import RenderedTemplate

__all__ = ["NoSubject", "compose"]

OFF_THE_LOOP = 32 * 1024
"""Characters of HTML from which it is read in a thread, so that the event loop goes on."""


class NoSubject(MessageError):
    """Neither the caller nor a template says what a message is about."""


BLANKS = re.compile(r"[ \t\r\n\f\v]+")


async def compose(
    host: Host,
    settings: MailSettings,
    to: str | Iterable[str],
    subject: str | None,
    template: str,
    context: Mapping[str, Any],
    locale: object = None,
) -> Message:
    """A message from `template` + ".txt" and `template` + ".html"; one of the two may be missing.

    subject
        Empty or None: that of `template` + ".subject.txt", else of a block "subject".
    locale
        Whose variants of the templates are preferred; in the context it is `locale`.

    Values are escaped in the HTML only. Raises `MessageError` where neither file exists, where
    there is no subject, for a locale that is none, and for what the templates miss; and what the
    templates raise.
    """
    tag = language_tag(locale)
    message = Message(
        sender=settings.template_sender,
        recipients=[to] if isinstance(to, str) else list(to),
        extra_headers={"Auto-Submitted": "auto-generated"},
    )
    message.template = template
    variables = {**context, "locale": tag} if tag else context
    templates = _Templates(host, settings, template, variables, wants_subject=not subject)
    with _pictures_of(message, settings):
        forms = await templates.written(tag)
    if subject is None and forms.subject is None:
        raise NoSubject(
            f"There is no subject: give one, or write {template}.subject.txt or a block subject."
        )
    message.subject = f"{settings.subject_prefix} {subject or forms.subject or ''}".strip()
    message.body, message.html = await _finished(forms, settings)
    if forms.tag:
        message.extra_headers["Content-Language"] = forms.tag
    return message


@dataclass(frozen=True, slots=True)
class _Forms:
    """What the templates have written.

    tag
        The language of the templates; None for those of no language.
    """

    text: str | None
    html: str | None
    subject: str | None
    tag: str | None


@dataclass(frozen=True, slots=True)
class _Pictures:
    """Where the pictures go that the templates show."""

    message: Message
    most: int

    def add(self, filename: str, data: bytes) -> str:
        return self.message.inline(data, filename=filename)


@contextmanager
def _pictures_of(message: Message, settings: MailSettings) -> Iterator[None]:
    token = PICTURES.set(_Pictures(message, settings.max_size))
    try:
        yield
    finally:
        PICTURES.reset(token)


@dataclass(frozen=True, slots=True)
class _Templates:
    """One message's templates, as its host renders them."""

    host: Host
    settings: MailSettings
    name: str
    variables: Mapping[str, Any]
    wants_subject: bool

    async def written(self, tag: str | None) -> _Forms:
        """What they write. Raises `UndefinedInTemplate` for what they miss."""
        try:
            return await self._forms(list(variants(self.name, tag)))
        except UndefinedError as error:
            raise UndefinedInTemplate(error, self.name) from error

    async def _forms(self, names: list[tuple[str, str | None]]) -> _Forms:
        """The nearest variant that has a text or an HTML.

        Both are of one language: a reader of two would not know which is meant.
        """
        for at, (name, its_tag) in enumerate(names):
            text, html, *subjects = await self._render(name, ".txt", ".html", *self._subject_ends)
            if text or html:
                subject = _subject(text, html, *subjects)
                if subject is None:
                    subject = await self._wider_subject(names[at + 1 :])
                return _Forms(_text(text), _text(html), subject, its_tag)
        raise MessageError(
            f"There is no mail template {self.name}.txt and no {self.name}.html: write one of them."
        )

    @property
    def _subject_ends(self) -> tuple[str, ...]:
        return (".subject.txt",) if self.wants_subject else ()

    async def _wider_subject(self, names: Iterable[tuple[str, str | None]]) -> str | None:
        """The subject of a wider variant, where the nearest has none."""
        for name, _ in names:
            for found in await self._render(name, *self._subject_ends):
                if found and (subject := _line(found.text)):
                    return subject
        return None

    async def _render(self, name: str, *ends: str) -> list[RenderedTemplate | None]:
        strict = self.settings.strict_templates
        names = [name + end for end in ends]
        return await self.host.render(names, self.variables, strict=strict) if names else []


def _text(template: RenderedTemplate | None) -> str | None:
    return template.text if template else None


def _subject(
    text: RenderedTemplate | None,
    html: RenderedTemplate | None,
    own: RenderedTemplate | None = None,
) -> str | None:
    """The subject that the templates give: of a file of its own, of the text, or of the HTML."""
    said = [own.text] if own else []
    said += [text.subject] if text and text.subject else []
    # It is written as HTML, and stands there as a title.
    said += [unescape(html.subject)] if html and html.subject else []
    return next(filter(None, map(_line, said)), None)


def _line(text: str) -> str | None:
    """Text on one line, as a template may write it on several; None for none."""
    return BLANKS.sub(" ", text).strip() or None


async def _finished(forms: _Forms, settings: MailSettings) -> tuple[str | None, str | None]:
    """The text and the HTML as they are sent."""
    if forms.html is None or (forms.text is not None and not settings.inline_css):
        return forms.text, forms.html
    if len(forms.html) > OFF_THE_LOOP:
        return await asyncio.to_thread(_both, forms.text, forms.html, settings.inline_css)
    return _both(forms.text, forms.html, settings.inline_css)


def _both(text: str | None, html: str, inlines_css: bool) -> tuple[str | None, str]:
    html = with_inlined_css(html) if inlines_css else html
    # A message of pictures alone has no text.
    return (text_of(html) or None) if text is None else text, html
