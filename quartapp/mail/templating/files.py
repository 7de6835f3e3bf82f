"""Files beside templates: the pictures that a template shows."""

from __future__ import annotations

import asyncio
import sys
from contextvars import ContextVar
from pathlib import Path
from posixpath import dirname, join
from typing import TYPE_CHECKING, Any, Protocol

from jinja2 import TemplateNotFound, pass_environment
from jinja2.loaders import split_template_path

from quartapp.mail.errors import MessageError
from quartapp.mail.lines import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2 import BaseLoader, Environment

__all__ = ["PICTURES", "Pictures", "inline"]


class Pictures(Protocol):
    """Where the pictures of a message go.

    most
        Bytes that a file may have.
    """

    @property
    def most(self) -> int: ...

    def add(self, filename: str, data: bytes) -> str:
        """Add a picture; returns what its `src` is."""
        ...


PICTURES: ContextVar[Pictures] = ContextVar("pictures of the message being rendered")


@pass_environment
def inline(environment: Environment, name: str) -> Any:
    """What a template calls: shows the picture in a file, and is what its `src` is.

    name
        Beside the template in which the call is written, else among all templates.

    Raises `MessageError` for a name that leads out of the templates' folders, and a file that is
    not there or cannot be read.
    """
    return _inlined(environment, name, _template_that_calls())


def _template_that_calls() -> str:
    """The template in whose source the call stands.

    Jinja tells a function the template that is rendered, and the layout that it extends may be in
    another folder: the code of each has its template among its globals, as its own debugger finds.
    """
    frame = sys._getframe(1)
    while frame := frame.f_back:  # type: ignore[assignment]
        if template := frame.f_globals.get("__jinja_template__"):
            return template.name or ""
    return ""


async def _inlined(environment: Environment, name: str, template: str) -> str:
    pictures = PICTURES.get(None)
    if pictures is None:
        raise MessageError(f"inline({shown(name)}) shows a picture in messages only.")
    names = dict.fromkeys((join(dirname(template), _checked(name)), name))
    paths = [path for each in names for path in _paths(environment.loader, each)]
    found = await asyncio.to_thread(_read, paths, pictures.most)
    if found is None:
        places = " and no ".join(names)
        raise MessageError(
            f"inline({shown(name)}) finds no {places} among the templates: put the file beside "
            f"{template or 'them'}."
        )
    return pictures.add(*found)


def _checked(name: object) -> str:
    """The name, if it stays among the templates."""
    try:
        if isinstance(name, str) and split_template_path(name) and not name.startswith("/"):
            return name
    except TemplateNotFound:
        pass
    raise MessageError(
        f"inline({shown(name)}) must name a file among the templates, such as "
        '"logo.png" or "images/logo.png": give a name without .. and without / in front.'
    )


def _paths(loader: BaseLoader | None, name: str) -> Iterator[Path]:
    """Where a loader would look for a template of that name, the first first."""
    folders: Iterable[Any] = getattr(loader, "searchpath", ())
    if root := getattr(loader, "_template_root", None):  # a package's
        folders = [root]
    for folder in folders:
        yield Path(folder, *split_template_path(name))
    for inner, its_name in _within(loader, name):
        yield from _paths(inner, its_name)


def _within(loader: Any, name: str) -> Iterator[tuple[BaseLoader | None, str]]:
    """The loaders that a loader asks, each with the name that it asks for."""
    for inner in getattr(loader, "loaders", ()):
        yield inner, name
    if app := getattr(loader, "app", None):  # Quart's and Flask's: the app, then its blueprints
        for each in (app, *app.iter_blueprints()):
            yield each.jinja_loader, name
    if hasattr(loader, "mapping") and hasattr(loader, "get_loader"):  # by the beginning of the name
        try:
            yield loader.get_loader(name)
        except TemplateNotFound:
            return


def _read(paths: list[Path], most: int) -> tuple[str, bytes] | None:
    """The name and the content of the first that is a file."""
    for path in paths:
        try:
            if path.is_file():
                with path.open("rb") as file:
                    data = file.read(most + 1)
                break
        except (OSError, ValueError) as error:
            raise MessageError(f"inline cannot read {shown(str(path))}: {error}.") from error
    else:
        return None
    if len(data) > most:
        raise MessageError(f"{path} has more than the {most} bytes of MAIL_MAX_SIZE.")
    return path.name, data
