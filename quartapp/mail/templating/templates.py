"""Mail templates: strict about what they miss, with a subject, and pictures beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, TemplateNotFound

from quartapp.mail.templating.files import inline
from quartapp.mail.templating.missing import Missing, refuse_what_is_missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from jinja2 import Template
    from jinja2.runtime import Context

__all__ = ["RenderedTemplate", "Templates", "place_of"]

SUBJECT = "subject"
"""The block that says what the message is about."""


@dataclass(frozen=True, slots=True)
class RenderedTemplate:
    """What became of a template.

    text
        All of it; of a `.txt` without its block "subject", which is no part of the text.
    subject
        What that block says, as the template writes it; None where there is none.
    """

    text: str
    subject: str | None = None


class Templates:
    """The mail templates of a Jinja environment, which stays as it is for all others.

    environment
        Asked each time: an application makes its own late, and changes it at any time.

    In a mail template what is undefined is an error, and `inline("logo.png")` shows the picture in
    the file beside it.
    """

    def __init__(self, environment: Callable[[], Environment]) -> None:
        self._environment = environment
        self._ours: dict[bool, _Overlay] = {}

    def find(self, name: str, *, strict: bool = True) -> Template | None:
        """The template of that name; None where there is none.

        strict
            Whether what is undefined is an error, whatever it is in the environment.
        """
        try:
            return self._of_mail(strict).get_template(name, globals={"inline": inline})
        except TemplateNotFound:
            return None

    async def render(
        self, name: str, variables: Mapping[str, Any], *, strict: bool = True
    ) -> RenderedTemplate | None:
        """A template of that name, rendered; None where there is none. Raises what it raises."""
        template = self.find(name, strict=strict)
        return None if template is None else await rendered(template, variables)

    def _of_mail(self, strict: bool) -> Environment:
        """The environment, made async and strict; it follows whatever was set since."""
        theirs = self._environment()
        if strict not in self._ours or not self._ours[strict].is_of(theirs):
            self._ours[strict] = _Overlay.of(theirs, strict)
        return self._ours[strict].environment


@dataclass(frozen=True, slots=True)
class _Overlay:
    """An environment for mail templates over another one, as that was at the time.

    Filters, globals and the like are shared with it; what is set on the environment itself is not.
    """

    environment: Environment
    state: dict[str, Any]
    extensions: list[str]

    @classmethod
    def of(cls, theirs: Environment, strict: bool) -> _Overlay:
        """One that is async, and strict where that is asked for."""
        ours = theirs.overlay(undefined=Missing if strict else theirs.undefined)
        if strict:
            refuse_what_is_missing(ours)
        if not ours.is_async:
            # What is compiled for it is compiled otherwise.
            ours.is_async, ours.bytecode_cache = True, None
        return cls(ours, {**vars(theirs)}, [*theirs.extensions])

    def is_of(self, theirs: Environment) -> bool:
        """Whether that environment is the same still."""
        return self.state == vars(theirs) and self.extensions == [*theirs.extensions]


async def rendered(template: Template, variables: Mapping[str, Any]) -> RenderedTemplate:
    """A template with what its block "subject" says. Raises what it raises, at its own lines."""
    context = template.new_context(dict(variables))
    try:
        # The block is known once the templates that this one extends have been asked for theirs.
        if (template.name or "").endswith(".txt"):
            context.blocks[SUBJECT] = [_nothing, *context.blocks.get(SUBJECT, ())]  # type: ignore[list-item]
            text = await _joined(template.root_render_func, context)
            del context.blocks[SUBJECT][0]
            text = text.lstrip("\r\n") if context.blocks[SUBJECT] else text
        else:
            text = await _joined(template.root_render_func, context)
        blocks: list[Any] = context.blocks.get(SUBJECT, [])
        return RenderedTemplate(text, await _joined(blocks[0], context) if blocks else None)
    except Exception:  # noqa: BLE001  # raised again
        # It gives the frames of the traceback the template's own lines.
        template.environment.handle_exception()


async def _joined(render: Callable[[Context], Any], context: Context) -> str:
    return context.environment.concat([part async for part in render(context)])


async def _nothing(_context: Context) -> AsyncIterator[str]:
    """What stands in place of the subject in a text."""
    for _ in ():
        yield ""


def place_of(error: BaseException) -> tuple[str, int] | None:
    """The file and line of a template where an error came up; None where it did not in one."""
    place = None
    step = error.__traceback__
    while step is not None:
        # Jinja puts such a frame in the place of each of its own.
        if "__jinja_exception__" in step.tb_frame.f_globals:
            place = step.tb_frame.f_code.co_filename, step.tb_lineno
        step = step.tb_next
    return place
