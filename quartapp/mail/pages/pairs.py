"""Pairs of mail templates, the sample data beside them, and what is wrong with either."""

from __future__ import annotations

import re
import tomllib
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateNotFound, TemplateSyntaxError
from quart import current_app

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Fault", "Pair", "pairs"]

FOLDER = "mail/"
FORMS = (".txt", ".html")
SAMPLE = ".sample.toml"
AROUND = 3
"""Lines of source that are shown on either side of a fault."""

TOML_LINE = re.compile(r"\(at line (\d+)")


@dataclass(frozen=True, slots=True)
class Pair:
    """One message's templates, by the name that `send_email` is given."""

    name: str
    forms: tuple[str, ...]

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
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame for frame in frames if frame.filename.endswith(FORMS)]
        path, line = (inside[-1].filename, inside[-1].lineno or 1) if inside else ("?", 1)
        return cls(path, line, f"{type(error).__name__}: {error}")


def pairs() -> list[Pair]:
    """All messages that have templates, by name; a file that begins with _ is part of others."""
    forms: dict[str, list[str]] = {}
    for template in current_app.jinja_env.list_templates():
        path = Path(template)
        is_form = template.startswith(FOLDER) and path.suffix in FORMS
        if is_form and not path.name.startswith("_"):
            forms.setdefault(template.removesuffix(path.suffix), []).append(path.suffix)
    return [Pair(name, tuple(sorted(found))) for name, found in sorted(forms.items())]


def _source(name: str) -> tuple[str, str]:
    loader = current_app.jinja_env.loader
    if loader is None:
        raise TemplateNotFound(name)
    source, path, _ = loader.get_source(current_app.jinja_env, name)
    return source, path or name
