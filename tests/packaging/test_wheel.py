"""A built wheel, installed far from the checkout, is the whole application."""

from __future__ import annotations

import os
import re
import signal
import site
import subprocess
import sys
import urllib.request
import venv
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.fixtures.process import Process, run

ROOT = Path(__file__).parents[2]


# Where the build backend is installed, the wheel is built without asking an index for it.
ISOLATION = ["--no-build-isolation"] if find_spec("hatchling") else []


def pip(*arguments: object) -> None:
    """Run the pip of this environment."""
    command = [sys.executable, "-m", "pip", "-q", "--no-input", *map(str, arguments)]
    subprocess.run(command, check=True)


def fetch(url: str) -> str:
    """What a browser gets."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the address is our own
        return answer.read().decode()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the checkout."""
    pytest.importorskip("pip", reason="this environment was made without pip")
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", *ISOLATION, "--wheel-dir", folder, ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory):
    """The commands of a fresh environment that has the wheel, and this one's other packages."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip("--python", python, "install", "--no-index", "--no-deps", wheel)
    others = next(folder.glob("lib/python*/site-packages")) / "others.pth"
    others.write_text("\n".join(site.getsitepackages()))
    return folder / "bin"


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


def test_an_installed_wheel_serves_the_page_and_its_style(elsewhere, environment, tmp_path):
    command = [str(elsewhere / "quartapp"), "run", "--port", "0"]

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
