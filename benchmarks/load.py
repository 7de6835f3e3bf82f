"""Load: `wrk` posts the form, each time with a new name, as a browser with a session does."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.variant import Failed, Figures, Unavailable

__all__ = ["post_names"]

SCRIPT = Path(__file__).with_name("form.lua")
CLIENTS = 16
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def post_names(port: int, seconds: float) -> Figures:
    """Post new names for that long: answers a second, their 50th and 99th percentile.

    `stored` is how many were answered by the redirect that follows a new name. Raises
    `Failed` when there was any other answer.
    """
    program = shutil.which("wrk")
    if not program:
        raise Unavailable("wrk is missing: apt-get install wrk")
    cookie, token = _session(port)
    command = [
        *(program, "-t", "2", "-c", str(CLIENTS), "-d", f"{max(1, round(seconds))}s"),
        *("--timeout", "30s", "-s", str(SCRIPT), f"http://127.0.0.1:{port}/", cookie, token),
    ]
    done = subprocess.run(  # noqa: S603  # a program of Debian
        command, capture_output=True, text=True, check=True
    )
    said: Figures = json.loads(done.stdout.splitlines()[-1])
    if said["others"] or not said["stored"]:
        raise Failed(f"not every answer was a redirect: {said}")
    return {name: said[name] for name in ("stored", "rate", "p50_ms", "p99_ms")}


def _session(port: int) -> tuple[str, str]:
    """A visitor's cookie, and the token of the form that belongs to it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    response = connection.getresponse()
    page = response.read().decode()
    connection.close()
    found = TOKEN.search(page)
    if not found:
        raise Failed(f"the page has no token: {page[:500]}")
    return (response.getheader("Set-Cookie") or "").partition(";")[0], found[1]
