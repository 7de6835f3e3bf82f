"""Where files go when no setting says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from quartapp.settings.folder import default_folder, warn_of_readers

LINUX = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="XDG is for others")


def test_an_app_of_a_checkout_has_its_instance_folder(tmp_path):
    assert default_folder(tmp_path / "instance", "shop") == tmp_path / "instance"


@LINUX
@pytest.mark.parametrize("given", ["", "relative/path"])
def test_an_installed_app_has_a_folder_outside_of_its_environment(monkeypatch, given):
    monkeypatch.setenv("XDG_DATA_HOME", given)

    folder = default_folder(Path(sys.prefix) / "var" / "shop-instance", "shop")

    assert folder == Path.home() / ".local" / "share" / "shop"


@LINUX
def test_the_folder_for_data_may_be_set(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    assert default_folder("/opt/venv/var/shop-instance", "shop") == tmp_path / "shop"


@pytest.mark.skipif(sys.platform == "win32", reason="has no modes")
@pytest.mark.parametrize(("mode", "times"), [(0o700, 0), (0o750, 1), (0o755, 1)])
def test_a_folder_that_others_can_read_is_one_warning(tmp_path, caplog, mode, times):
    tmp_path.chmod(mode)

    for _ in range(2):
        warn_of_readers(tmp_path)

    assert caplog.text.count(f"others on this machine may look into {tmp_path}") == times
