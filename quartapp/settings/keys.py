"""What a setting is: its name, its kind, its default and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Kind = Callable[[Any], Any]

__all__ = ["Key", "Keys", "Secret", "SettingError", "is_unset"]

# Django's settings for the same things differ from ours by one character.
DJANGO = "EMAIL_"


class SettingError(ValueError):
    """A setting that cannot be used. Its text is one sentence: what, where and the cure."""


class Secret(str):
    """Text that is used as it is and never shown: its `repr` is masked."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


@dataclass(frozen=True, slots=True)
class Key:
    """One setting.

    kind
        Parses what was written; raises `ValueError` saying what is accepted.
        Given a value that it made, it returns that value.
    default
        The value where nothing is set.
    meaning
        One sentence for people.
    shown
        The default in words, where the value itself is not clear.
    alias
        Another name that means the same.
    secret
        Whether the value is left out of error messages.
    """

    name: str
    kind: Kind
    default: Any
    meaning: str
    shown: str = ""
    alias: str | None = None
    secret: bool = False

    def parse(self, raw: Any, where: str) -> Any:
        """The value of what was written at `where`. Raises `SettingError`."""
        try:
            return self.kind(raw)
        except ValueError as error:
            seen = "" if self.secret else f" is {raw!r}, which"
            raise SettingError(f"{self.name} {where}{seen} {error}.") from None


class Keys:
    """All settings of a program, by name.

    prefixes
        The words before the first underscore that make a name one of ours.
    """

    def __init__(self, keys: Iterable[Key], prefixes: Iterable[str]) -> None:
        self._keys = {key.name: key for key in keys}
        self._names = {alias: name for name, key in self._keys.items() if (alias := key.alias)}
        self._names |= {name: name for name in self._keys}
        self._letters = {name: _letters(name) for name in self._names}
        self._prefixes = tuple(f"{prefix}_" for prefix in prefixes)
        # Each app of a process compares the same names of the same environment.
        self._compared = lru_cache(NAMES)(self._compare)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def __getitem__(self, name: str) -> Key:
        return self._keys[name]

    def __contains__(self, name: object) -> bool:
        """Whether a key has this name or this alias."""
        return name in self._names

    def claims(self, name: str) -> bool:
        """Whether a name looks like one of ours."""
        return name.startswith(self._prefixes)

    def written(self, source: Mapping[str, Any], where: str) -> dict[str, Any]:
        """What a source says about our keys, by their names; aliases are resolved.

        Raises `SettingError` where a key and its alias disagree.
        """
        found: dict[str, Any] = {}
        for name in sorted(source.keys() & self._names.keys()):
            real, raw = self._names[name], source[name]
            if is_unset(found.get(real)):
                found[real] = raw
            elif not is_unset(raw) and raw != found[real]:
                both = f"{real} and {self._keys[real].alias}"
                raise SettingError(f"{both} {where} differ: they mean the same, keep {real}.")
        return found

    def refuse_near_miss(self, name: str, where: str) -> None:
        """Raise `SettingError` with the right name if this is nearly one of ours."""
        if meant := " or ".join(self.nearest(name)):
            raise SettingError(f"{name} {where} is not a setting: did you mean {meant}?")

    def nearest(self, name: str) -> tuple[str, ...]:
        """The keys that an unknown name was probably meant to be, mostly one or none."""
        return self._compared(name)

    def _compare(self, name: str) -> tuple[str, ...]:
        if name in self or name.rstrip("_0123456789") in self or name.startswith(DJANGO):
            return ()
        typed = name.upper()
        one = _letters(typed)
        misses = {
            known: _misses(typed, known)
            for known, other in self._letters.items()
            # A slip changes the set of characters by two at most. Few names get past this: each
            # variable of the environment is compared with each key whenever a program starts.
            if abs(len(one.text) - len(other.text)) <= MOST
            and len(one.used ^ other.used) <= 2 * MOST
        }
        best = min(misses.values(), default=NEVER)
        return tuple(known for known, count in misses.items() if count == best < NEVER)


NAMES = 1000
NEVER = 99
LONG = 8
MOST = 2


class _Letters(NamedTuple):
    text: str
    used: frozenset[str]


def _letters(name: str) -> _Letters:
    text = name.replace("_", "")
    return _Letters(text, frozenset(text))


def _misses(name: str, known: str) -> int:
    """How many slips lie between two names, `NEVER` where they are too many to be slips."""
    prefix, _, rest = known.partition("_")
    longest = max(len(rest), len(name) - len(prefix) - 1)
    allowed = MOST if name.startswith(f"{prefix}_") and longest >= LONG else 1
    slips = _slips(name.replace("_", ""), known.replace("_", ""))
    return slips if slips <= allowed else NEVER


def _slips(one: str, other: str) -> int:
    """Characters added, left out, replaced or swapped (the optimal string alignment distance)."""
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, typed in enumerate(one, 1):
        older, above, row = above, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (typed != wanted))
            if i > 1 and j > 1 and (typed, one[i - 2]) == (other[j - 2], wanted):
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def is_unset(raw: Any) -> bool:
    """Whether a written value counts as none: nothing, blank text or an empty list."""
    return raw is None or (isinstance(raw, str) and not raw.strip()) or raw in ([], ())
