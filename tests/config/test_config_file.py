"""config.toml: what it says is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from hypercorn.config import Config

from quartapp.config import KEYS
from quartapp.settings.keys import is_unset

PATH = Path(__file__).parents[2] / "config.toml"
COMMENTED = re.compile(r"^# ([A-Z_]+ = .*)$", re.MULTILINE)


def test_every_setting_stands_in_it_once_with_its_default() -> None:
    shown = tomllib.loads("\n".join(COMMENTED.findall(PATH.read_text(encoding="utf-8"))))
    values = {
        name: KEYS[name].default if is_unset(raw) else KEYS[name].parse(raw, "there")
        for name, raw in shown.items()
    }

    assert values == {key.name: key.default for key in KEYS if key.name != "QUARTAPP_CONFIG"}


def test_what_is_shipped_is_the_same() -> None:
    shipped = PATH.parent / "quartapp" / "config" / "default.toml"

    assert PATH.read_text("utf-8") == shipped.read_text("utf-8"), "cp config.toml to default.toml"


def test_it_sets_nothing_of_the_app() -> None:
    settings = tomllib.loads(PATH.read_text(encoding="utf-8"))

    assert [name for name in settings if not name.islower()] == []


def test_hypercorn_reads_it() -> None:
    config = Config.from_toml(PATH)

    assert (config.workers, config.graceful_timeout, config.shutdown_timeout) == (0, 5, 60)
