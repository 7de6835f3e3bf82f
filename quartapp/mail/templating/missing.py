"""What is undefined in a mail template: an error, whatever the template does with it."""

from __future__ import annotations

from collections import ChainMap
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn

from jinja2 import StrictUndefined
from jinja2.filters import FILTERS
from jinja2.tests import TESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Environment

__all__ = ["Missing", "refuse_what_is_missing"]

MAY_BE_MISSING = {"default", "d", "defined", "undefined", "filter", "test"}
"""Filters and tests that are asked about what may be missing."""


class Missing(StrictUndefined):
    """What is undefined in a mail template. An async loop goes through none of Jinja's own."""

    __slots__ = ()

    def __aiter__(self) -> NoReturn:
        self._fail_with_undefined_error()

    def __html__(self) -> NoReturn:
        """JSON asks for this where it knows no other form."""
        self._fail_with_undefined_error()


def refuse_what_is_missing(environment: Environment) -> None:
    """Let Jinja's own filters and tests raise for what is missing; the host's stay as they are.

    `items` makes nothing of it, `xmlattr` leaves it out, and to most tests it is just no match,
    though an `{% if name is none %}` is as misspelt as any other.
    """
    environment.filters = _refusing(environment.filters, FILTERS)
    environment.tests = _refusing(environment.tests, TESTS)


def _refusing(theirs: Any, jinjas: Mapping[str, Any]) -> Any:
    checked = {
        name: _checked(function)
        for name, function in jinjas.items()
        if name not in MAY_BE_MISSING and theirs.get(name) is function
    }
    # What the host adds later is found too.
    return ChainMap(checked, theirs)


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        for each in (*arguments, *named.values()):
            for value in each.values() if type(each) is dict else (each,):
                if isinstance(value, Missing):
                    value._fail_with_undefined_error()
        return function(*arguments, **named)

    return checked
