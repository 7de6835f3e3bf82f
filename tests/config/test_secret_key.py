"""The secret key that is made and stored."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from quartapp.config.secret_key import stored_secret_key
from quartapp.settings.keys import SettingError

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = stored_secret_key(tmp_path)

    second = stored_secret_key(tmp_path)

    assert first == second
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_those_who_race_get_the_same_key(tmp_path: Path) -> None:
    start = Barrier(8)

    def race(_: int) -> str:
        start.wait()
        return stored_secret_key(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(race, range(8)))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_an_empty_file_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()

    with pytest.raises(SettingError, match="secret_key is empty: delete it, and a new key is made"):
        stored_secret_key(tmp_path)


def test_a_folder_that_is_not_there_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"cannot be stored in .*: set SECRET_KEY, or QUARTAPP_"):
        stored_secret_key(tmp_path / "nowhere")
