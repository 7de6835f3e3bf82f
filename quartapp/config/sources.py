"""Where settings are written: a file, the environment, a mapping."""

from __future__ import annotations

import re
import tomllib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from hypercorn.config import Config as Server
from quart import Quart

from quartapp.config.table import CONFIG, KEYS
from quartapp.settings.keys import SettingError, is_unset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["Source", "from_environment", "from_file", "from_mapping", "merged"]

# What Kubernetes puts into the environment for each service, here for one called mail.
INJECTED_NAME = re.compile(r"MAIL_(SERVICE|PORT)_|\w+_SERVICE_(HOST|PORT)(_|$)|\w+_PORT_[0-9]+_")
INJECTED_VALUE = re.compile(r"(tcp|udp|sctp)://")


class Source(NamedTuple):
    """What one place says.

    where
        The place as an error names it.
    ours
        What is written for our keys.
    others
        What belongs to others and is passed on.
    unknown
        Names that look like ours and are not.
    is_last_word
        Whether blank means the default here, whatever the places before it say.
    server
        What belongs to hypercorn.
    """

    where: str
    ours: Mapping[str, Any]
    others: Mapping[str, Any]
    unknown: tuple[str, ...] = ()
    is_last_word: bool = False
    server: Mapping[str, Any] = MappingProxyType({})


def from_file(path: Path) -> Source:
    """The settings of a TOML file: UPPER-case keys ours and Quart's, lower-case hypercorn's.

    Raises `SettingError` for an unknown key.
    """
    where = f"in {path}"
    written = _toml(path)
    if CONFIG.name in written:
        raise SettingError(f"{CONFIG.name} {where} comes too late: set it in the environment.")
    upper = {name: raw for name, raw in written.items() if name.isupper()}
    server = {name: raw for name, raw in written.items() if name not in upper}
    for name in server:
        _check_server_setting(name, where)
    others = _others(upper, where)
    for name in others:
        if KEYS.claims(name):
            raise SettingError(f"{name} {where} is not a setting: remove it.")
        if isinstance(others[name], dict):
            raise SettingError(f"{name} {where} is a table: write its keys without one.")
    return Source(where, KEYS.written(upper, where), others, server=server)


def from_environment(environ: Mapping[str, str]) -> Source:
    """The settings in the environment, which is shared with others: what is theirs is left out."""
    where = "in the environment"
    written = {name: raw for name, raw in environ.items() if not _is_injected(name, raw)}
    unknown = tuple(sorted(filter(KEYS.claims, _others(written, where))))
    return Source(where, KEYS.written(written, where), {}, unknown)


def from_mapping(mapping: Mapping[str, Any]) -> Source:
    """The settings in a mapping given to `create_app`; unknown ones are passed on."""
    where = "given to create_app"
    others = _others(mapping, where)
    return Source(where, KEYS.written(mapping, where), others, is_last_word=True)


def merged(sources: Iterable[Source]) -> dict[str, Any]:
    """The value of every key that is set somewhere; a later source wins over an earlier one.

    Blank means unset: in the file and the environment it leaves the word to the others, in a
    mapping, which wins over both, it means the default.
    """
    values: dict[str, Any] = {}
    for source in sources:
        for name, raw in source.ours.items():
            if not is_unset(raw):
                values[name] = KEYS[name].parse(raw, source.where)
            elif source.is_last_word:
                values.pop(name, None)
    return values


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"The settings file {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise SettingError(f"The settings file {path} is not valid TOML: {error}.") from None


def _is_injected(name: str, raw: str) -> bool:
    return bool(INJECTED_NAME.match(name) or INJECTED_VALUE.match(raw))


def _others(written: Mapping[str, Any], where: str) -> dict[str, Any]:
    others = {name: raw for name, raw in written.items() if name not in KEYS}
    for name in sorted(others.keys() - Quart.default_config.keys()):
        KEYS.refuse_near_miss(name, where)
    return others


def _check_server_setting(name: str, where: str) -> None:
    if name.upper() in KEYS:
        raise SettingError(f"{name} {where} must be written {name.upper()}.")
    if not hasattr(Server, name) and name not in Server.__annotations__:
        raise SettingError(f"{name} {where} is not a setting of hypercorn: remove it.")
