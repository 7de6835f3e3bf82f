"""How much slower `/outbox/` is with 1,000,000 letters than with 1,000, on both databases.

`python -m tests.web.measure_outbox`; it takes some minutes. Both sizes are measured in turns, in
one run, on the whole page as a browser gets it. `--letters` takes another number than a million.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text

from quartapp import create_app
from quartapp.mail import Filter
from quartapp.mail.outbox.schema import first_id, letters, recipients
from quartapp.mail.outbox.subject import beginning
from tests.fixtures.postgres_server import PostgresServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from quart import Quart

SMALL, LARGE = 1_000, 1_000_000
ROUNDS = 25
MONTH = timedelta(days=30)
BATCH = 20_000

STATES = ["sent"] * 950 + ["failed"] * 25 + ["queued"] * 15 + ["cancelled"] * 8 + ["uncertain"] * 2
SUBJECTS = (
    ["[Flasky] New User"] * 70 + ["[Flasky] Your invoice"] * 29 + ["[Flasky] The server burns"]
)
TEMPLATES = ["mail/new_user"] * 70 + ["mail/invoice"] * 29 + ["mail/alarm"]
PAGES = {
    "first page": "",
    "last page": "?last=1",
    "middle page": "?before={middle}",
    "state failed": "?status=failed",
    "state sent, last": "?status=sent&last=1",
    "common recipient": "?recipient=admin@example.com",
    "rare recipient": "?recipient=person7@example.com",
    "common subject": "?subject=[flasky]",
    "rare subject": "?subject=[flasky] letter 77",
    "template": "?template=mail/alarm",
    "dates": "?since={middle_date}",
    "failed, template": "?status=failed&template=mail/alarm",
    "sent, common subject": "?status=sent&subject=[flasky] your",
    "three conditions": "?status=sent&template=mail/invoice&recipient=admin@example.com",
    "nothing matches": "?status=queued&subject=no such",
}


def rows(number: int, now: datetime) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Letters of the last month, each with its recipient."""
    chance = random.Random(number)  # noqa: S311  # the same letters every time
    for place in range(number):
        kept_at = now - MONTH * (1 - place / number)
        letter_id = f"{first_id(kept_at)}{place:020x}"
        status, kind = chance.choice(STATES), chance.randrange(100)
        subject = f"[Flasky] Letter {place}" if kind % 10 == 0 else SUBJECTS[kind]
        has_ended = status != "queued"
        yield (
            {
                "id": letter_id, "message_id": f"<{place}@example.com>", "backend": "smtp",
                "status": status, "subject": subject, "subject_start": beginning(subject),
                "sender": "flasky@example.com", "mail_options": [], "rcpt_options": [],
                "template": TEMPLATES[kind], "size": 2_000, "created_at": kept_at,
                "since": kept_at, "due_at": None if has_ended else now + timedelta(days=1),
                "is_retry": False, "attempts": 1, "turned_away": 0,
                "sent_at": kept_at if status == "sent" else None,
                "ended_at": kept_at if has_ended else None, "detail": "", "wants_cancel": False,
                "is_pruned": False,
            },
            {
                "letter_id": letter_id, "position": 0, "status": status, "reply": "2.0.0 ok",
                "address": f"{'admin' if kind < 60 else f'person{place % 5_000}'}@example.com",
            },
        )  # fmt: skip


async def fill(app: Quart, number: int) -> None:
    """Give an app's outbox that many letters."""
    database = app.extensions["database"]
    await database.upgrade()
    await app.extensions["mail"].upgrade()
    made = rows(number, datetime.now(UTC))
    while batch := list(islice(made, BATCH)):
        async with database.writing() as connection:
            await connection.execute(insert(letters), [letter for letter, _ in batch])
            await connection.execute(insert(recipients), [person for _, person in batch])
    if not database.is_sqlite:
        # As autovacuum does sooner or later.
        async with database.reading() as connection:
            await connection.execute(text("VACUUM ANALYZE"))


async def took(app: Quart, path: str) -> float:
    """The seconds until a page is there."""
    started = time.perf_counter()
    response = await app.test_client().get(path)
    await response.get_data()
    assert response.status_code == 200, path
    return time.perf_counter() - started


async def address(app: Quart, query: str) -> str:
    """The address of a page of this app's letters."""
    ago = datetime.now(UTC) - MONTH / 2
    middle_date = ago.isoformat(timespec="minutes").removesuffix("+00:00")
    [middle] = (await app.extensions["mail"].report.page(Filter(until=ago), size=1)).letters
    return "/outbox/" + query.format(middle=middle.id, middle_date=middle_date)


async def compare(name: str, urls: Sequence[str], sizes: Sequence[int]) -> dict[str, float]:
    """The ratio of each page on one kind of database; prints it with the milliseconds."""
    ratios = {}
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(serving(url)) for url in urls]
        for app, size in zip(apps, sizes, strict=True):
            await fill(app, size)
        for page, query in PAGES.items():
            paths = [await address(app, query) for app in apps]
            times: list[list[float]] = [[], []]
            for _ in range(ROUNDS + 3):
                for seconds, app, path in zip(times, apps, paths, strict=True):
                    seconds.append(await took(app, path))
            small, large = (1000 * statistics.median(seconds[3:]) for seconds in times)
            ratios[page] = round(large / small, 2)
            print(f"{name:10} {page:22} {small:7.1f} ms {large:7.1f} ms  x {large / small:.2f}")
    return ratios


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[Quart]:
    """An app over a database, that delivers nothing."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"TESTING": True, "QUARTAPP_DISPATCH": False, "DATABASE_URL": url}
        app = create_app(settings | {"QUARTAPP_INSTANCE": folder})
        async with app.test_app():
            yield app


def main() -> None:
    """Measure both databases, and print the ratios as JSON in the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=LARGE)
    sizes = (SMALL, parser.parse_args().letters)
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as server:
        files = [f"sqlite+aiosqlite:///{folder}/{size}.sqlite" for size in sizes]
        databases = [server.url(server.create_database()) for _ in sizes]
        ratios = {
            "sqlite": asyncio.run(compare("sqlite", files, sizes)),
            "postgres": asyncio.run(compare("postgres", databases, sizes)),
        }
    print(json.dumps(ratios))


if __name__ == "__main__":
    main()
