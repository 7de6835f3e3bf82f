"""No form of another origin is taken, on any address of the app that may change something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quart import Quart

VARIABLE = re.compile("<[^>]+>")


def changing(app: Quart) -> list[tuple[str, str]]:
    """Every method and address of the app that may change something."""
    return [
        (method, VARIABLE.sub("01", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"})
    ]


async def test_the_walk_finds_what_changes_something(app: Quart) -> None:
    found = changing(app)

    assert {("POST", "/"), ("POST", "/outbox/cancel"), ("POST", "/dev/mail/chaos")} <= set(found)


ELSEWHERE: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:1"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://sub.localhost"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {},
]


async def test_no_address_of_the_app_takes_a_form_of_another_origin(app: Quart) -> None:
    client = app.test_client()
    sent = {"name": "Eve", "csrf_token": "tossed"}
    taken = []

    for headers in ELSEWHERE:
        told = headers | {"Cookie": "session=tossed; csrf=tossed", "Host": "localhost"}
        for method, address in changing(app):
            answer = await client.open(address, method=method, form=sent, headers=told)
            if answer.status_code not in (400, 403):
                taken.append((headers, method, address, answer.status_code))

    assert taken == []
