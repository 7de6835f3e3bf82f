"""How much slower `/outbox/` is with 1,000,000 messages than with 1,000, on both databases.

`python -m tests.mail.pages.measure_outbox`; it takes some minutes. Both sizes are measured in
turns, in one run, on the whole page as a browser gets it; the fastest time of each counts, because
what else the machine does can only make it slower. `--messages` takes another number than a
million.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text

from quartapp import create_app
from quartapp.mail import Filter
from quartapp.mail.outbox.ids import first_id
from quartapp.mail.outbox.subject import beginning
from quartapp.mail.outbox.tables import messages, recipients
from quartapp.models import MIGRATIONS
from tests.fixtures.postgres_server import PostgresServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from quart import Quart

SMALL, LARGE = 1_000, 1_000_000
ROUNDS = 40
MONTH = timedelta(days=30)
BATCH = 20_000

# A page must show as much in both sizes, or drawing it is what takes longer: each condition is met
# by more messages than fit on a page, of a thousand too. In a million each state is counted to the
# end of counting.
TEMPLATES = ["mail/new_user"] * 60 + ["mail/invoice"] * 30 + ["mail/alarm"] * 10
SUBJECTS = {
    "mail/new_user": "[Flasky] New User",
    "mail/invoice": "[Flasky] Your invoice",
    "mail/alarm": "[Flasky] The server burns",
}
STATES = ["sent"] * 84 + ["queued"] * 8 + ["cancelled"] * 5 + ["uncertain"] * 2 + ["failed"]
ALARMING_STATES = ["failed"] * 70 + ["sent"] * 30
RARE = 60
PAGES = {
    "first page": "",
    "last page": "?last=1",
    "middle page": "?before={middle}",
    "state failed": "?status=failed",
    "state sent, last": "?status=sent&last=1",
    "common recipient": "?recipient=admin@example.com",
    "rare recipient": "?recipient=rare@example.com",
    "common subject": "?subject=[flasky]",
    "rare subject": "?subject=rarely",
    "template": "?template=mail/alarm",
    "dates": "?since={middle_date}",
    "failed, template": "?status=failed&template=mail/alarm",
    "sent, common subject": "?status=sent&subject=[flasky] your",
    "three conditions": "?status=sent&template=mail/invoice&recipient=admin@example.com",
    "nothing matches": "?status=queued&subject=no such",
}


def rows(number: int, now: datetime) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Messages of the last month, each with its recipient."""
    chance = random.Random(number)  # noqa: S311  # the same messages every time
    for place in range(number):
        queued_at = now - MONTH * (1 - place / number)
        delivery_id = f"{first_id(queued_at)}{place:020x}"
        template, is_rare = chance.choice(TEMPLATES), place % (number // RARE) == 0
        status = chance.choice(ALARMING_STATES if template == "mail/alarm" else STATES)
        subject = "Rarely written" if is_rare else SUBJECTS[template]
        address = "admin" if chance.random() < 0.6 else f"person{place % 5_000}"
        has_ended = status != "queued"
        yield (
            {
                "id": delivery_id, "message_id": f"<{place}@example.com>",
                "queue": "default", "backend": "smtp",
                "status": status, "subject": subject, "subject_start": beginning(subject),
                "sender": "flasky@example.com", "mail_options": [], "rcpt_options": [],
                "template": template, "size": 2_000, "recipient_count": 1, "created_at": queued_at,
                "since": queued_at, "due_at": None if has_ended else now + timedelta(days=1),
                "is_retry": False, "priority": "normal", "attempts": 1, "outages": 0,
                "sent_at": queued_at if status == "sent" else None,
                "ended_at": queued_at if has_ended else None, "detail": "", "wants_cancel": False,
            },
            {
                "delivery_id": delivery_id, "position": 0, "status": status, "reply": "2.0.0 ok",
                "address": f"{'rare' if is_rare else address}@example.com",
            },
        )  # fmt: skip


async def fill(app: Quart, number: int) -> None:
    """Give an app's outbox that many messages."""
    database = app.extensions["database"]
    await MIGRATIONS.upgrade(database)
    await app.extensions["mail"].upgrade()
    made = rows(number, datetime.now(UTC))
    while batch := list(islice(made, BATCH)):
        async with database.writing() as connection:
            await connection.execute(insert(messages), [message for message, _ in batch])
            await connection.execute(insert(recipients), [recipient for _, recipient in batch])
    if not database.is_sqlite:
        # As autovacuum does sooner or later.
        async with database.reading() as connection:
            await connection.execute(text("VACUUM ANALYZE"))


async def took(app: Quart, path: str) -> tuple[float, int]:
    """The seconds until a page is there, and how many messages are on it."""
    started = time.perf_counter()
    response = await app.test_client().get(path)
    page = await response.get_data(as_text=True)
    seconds = time.perf_counter() - started
    assert response.status_code == 200, path
    return seconds, page.count('<th scope="row">')


async def address(app: Quart, query: str) -> str:
    """The address of a page of this app's messages."""
    ago = datetime.now(UTC) - MONTH / 2
    middle_date = ago.isoformat(timespec="minutes").removesuffix("+00:00")
    [middle] = (await app.extensions["mail"].report.page(Filter(until=ago), size=1)).messages
    return "/outbox/" + query.format(middle=middle.id, middle_date=middle_date)


async def compare(name: str, urls: Sequence[str], sizes: Sequence[int]) -> dict[str, float]:
    """The ratio of each page on one kind of database; prints it with the milliseconds."""
    ratios = {}
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(serving(url)) for url in urls]
        for app, size in zip(apps, sizes, strict=True):
            await fill(app, size)
        for page, (small, large) in (await fastest(apps)).items():
            ratios[page] = round(large / small, 2)
            print(f"{name:10} {page:22} {small:7.1f} ms {large:7.1f} ms  x {large / small:.2f}")
    return ratios


async def fastest(apps: Sequence[Quart]) -> dict[str, list[float]]:
    """The fewest milliseconds that each app takes for each page.

    A round goes over all pages, so that a busy minute of the machine meets all of them.
    """
    paths = {page: [await address(app, query) for app in apps] for page, query in PAGES.items()}
    best = {page: [math.inf for _ in apps] for page in paths}
    for _ in range(ROUNDS):
        for page, addresses in paths.items():
            taken = [await took(app, path) for app, path in zip(apps, addresses, strict=True)]
            assert len({shown for _, shown in taken}) == 1, f"{page}: not as many messages in both"
            times = (1000 * seconds for seconds, _ in taken)
            best[page] = [min(pair) for pair in zip(best[page], times, strict=True)]
    return best


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
    parser.add_argument("--messages", type=int, default=LARGE)
    sizes = (SMALL, parser.parse_args().messages)
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
