"""Pairs of mail templates, the sample data beside them, and what is wrong with either."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateNotFound, TemplateSyntaxError
from quart import current_app

from quartapp.mail.rendering import UndefinedInTemplate, is_tag
from quartapp.mail.templating import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Fault", "Pair", "pairs"]

FOLDER = "mail/"
FORMS = (".txt", ".html")
LAYOUT = "base"
SAMPLE = ".sample.toml"
AROUND = 3
"""Lines of source that are shown on either side of a fault."""

TOML_LINE = re.compile(r"\(at line (\d+)")


@dataclass(frozen=True, slots=True)
class Pair:
    """One message's templates, by the name that `send_email` is given.

    locales
        The languages that it has templates of its own for.
    """

    name: str
    forms: tuple[str, ...]
    locales: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The name without the folder that all have."""
        return self.name.removeprefix(FOLDER)

    @property
    def sample_name(self) -> str:
        """The file with the sample data, as templates are named."""
        return f"{self.name}{SAMPLE}"

    def sample(self) -> dict[str, Any]:
        """The sample data: `subject`, and what the templates ask for.

        Raises `TemplateNotFound` where there is none, `Fault` for a file that is no TOML.
        """
        source, path = _source(self.sample_name)
        try:
            return tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            found = TOML_LINE.search(str(error))
            raise Fault(path, int(found[1]) if found else 1, str(error)) from error


class Fault(Exception):
    """What is wrong, in which file and line, and the lines around it."""

    def __init__(self, path: str, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.path = path
        self.line = line
        self.sentence = sentence

    @property
    def lines(self) -> Sequence[tuple[int, str]]:
        """The source around the line, numbered."""
        try:
            source = Path(self.path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        first = max(1, self.line - AROUND)
        return list(enumerate(source[first - 1 : self.line + AROUND], first))

    @classmethod
    def of(cls, error: Exception) -> Fault:
        """Where in a template an error came up: the innermost template that was being rendered."""
        if isinstance(error, TemplateSyntaxError):
            return cls(error.filename or error.name or "?", error.lineno, error.message or "")
        if isinstance(error, UndefinedInTemplate):
            return cls(error.path, error.line, error.reason)
        path, line = place_of(error) or ("?", 1)
        return cls(path, line, f"{type(error).__name__}: {error}")


def pairs() -> list[Pair]:
    """All messages that have templates, by name.

    What begins with _ is part of others, and so is `base`. `order.de.html` belongs to `order`.
    """
    forms: dict[str, list[str]] = {}
    for template in current_app.jinja_env.list_templates():
        path = Path(template)
        if template.startswith(FOLDER) and path.suffix in FORMS and not _is_part(path):
            forms.setdefault(template.removesuffix(path.suffix), []).append(path.suffix)
    locales: dict[str, list[str]] = {}
    for name in sorted(forms):
        default, _, tag = name.rpartition(".")
        if default in forms and is_tag(tag):
            locales.setdefault(default, []).append(tag)
    variants = {f"{name}.{tag}" for name, tags in locales.items() for tag in tags}
    return [
        Pair(name, tuple(sorted(found)), tuple(locales.get(name, ())))
        for name, found in sorted(forms.items())
        if name not in variants
    ]


def _is_part(path: Path) -> bool:
    """Whether it is no message: a part of others, the layout that others extend, a subject."""
    return path.name.startswith("_") or path.stem == LAYOUT or path.stem.endswith(".subject")


def _source(name: str) -> tuple[str, str]:
    loader = current_app.jinja_env.loader
    if loader is None:
        raise TemplateNotFound(name)
    source, path, _ = loader.get_source(current_app.jinja_env, name)
    return source, path or name
