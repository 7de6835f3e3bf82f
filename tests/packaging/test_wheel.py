"""A built wheel, installed far from the checkout, is the whole application."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import urllib.request
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.fixtures.process import Process, run

ROOT = Path(__file__).parents[2]


def fetch(url: str) -> str:
    """What a browser gets."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the address is our own
        return answer.read().decode()


@pytest.fixture
def environment(tmp_path):
    """Nothing of the machine that runs the tests, and an instance folder of its own."""
    return {"PATH": os.environ["PATH"], "QUARTAPP_INSTANCE": str(tmp_path), "PYTHONUNBUFFERED": "1"}


def test_the_wheel_carries_what_stands_beside_the_package(wheel):
    names = set(ZipFile(wheel).namelist())

    assert names >= {
        "quartapp/config.toml",
        "quartapp/templates/index.html",
        "quartapp/templates/mail/new_user.txt",
        "quartapp/templates/mail/new_user.html",
    }


def test_a_checkouts_own_settings_are_in_no_wheel_and_no_sdist(tmp_path):
    pytest.importorskip("hatchling", reason="this environment has no build backend")
    checkout, built = tmp_path / "checkout", tmp_path / "built"
    for name in ("quartapp", "templates"):
        shutil.copytree(ROOT / name, checkout / name)
    for name in ("pyproject.toml", "README.md", "LICENSE", "config.toml"):
        shutil.copy(ROOT / name, checkout)
    with (checkout / "config.toml").open("a") as settings:
        settings.write('MAIL_PASSWORD = "hunter22"\n')

    build = [sys.executable, "-m", "hatchling", "build", "-d", str(built)]
    subprocess.run(build, cwd=checkout, check=True, capture_output=True)

    [wheel], [sdist] = built.glob("*.whl"), built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        top = archive.getnames()[0].partition("/")[0]
        from_sdist = archive.extractfile(f"{top}/config.toml").read()
    defaults = (ROOT / "quartapp" / "config" / "default.toml").read_bytes()
    assert ZipFile(wheel).read("quartapp/config.toml") == from_sdist == defaults


def test_an_installed_wheel_serves_the_page_and_its_style(elsewhere, environment, tmp_path):
    # The process that serves is spawned, so that it too begins with nothing imported.
    command = [str(elsewhere / "quartapp"), "run", "--port", "0", "--reload"]

    with closing(Process(command, environment, tmp_path)) as server:
        url = server.says(r"quartapp is running at (\S+)/ ")
        page = fetch(url)
        style = fetch(url + re.search(r'href="(/static/[^"]+\.css)', page)[1])
        code, _ = server.stop(signal.SIGTERM)

    assert "Hello, Stranger!" in page
    assert "color" in style
    assert code == 0


def test_what_runs_is_the_installed_package(elsewhere, environment, tmp_path):
    script = "import quartapp; print(quartapp.__file__)"

    ended = run([str(elsewhere / "quartapp"), "shell"], environment, tmp_path, given=script)

    assert Path(ended.stdout).is_relative_to(elsewhere.parent)


def test_an_installed_wheel_brings_its_migrations(elsewhere, environment, tmp_path):
    ended = run([str(elsewhere / "quartapp"), "db", "upgrade"], environment, tmp_path)

    assert (ended.returncode, ended.stderr) == (0, "")
