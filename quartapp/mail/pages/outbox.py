"""The operator's page: every message, why it waits or failed, and what can be done about it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quart import redirect, request, url_for

from quartapp.mail.events import audit
from quartapp.mail.mailbox import read
from quartapp.mail.outbox.query.verdict import verdict
from quartapp.mail.outbox.query.views import Page
from quartapp.mail.outbox.states import Action, Status
from quartapp.mail.pages.access import operator
from quartapp.mail.pages.answers import as_json, refusal, render, wants_json
from quartapp.mail.pages.blueprint import READ_ONLY, Pages
from quartapp.mail.pages.chart import chart
from quartapp.mail.pages.looks import Excerpt
from quartapp.mail.pages.searches import Search
from quartapp.mail.pages.service import mail, unknown
from quartapp.mail.pages.whereabouts import obstacle

if TYPE_CHECKING:
    from quart import Blueprint
    from quart.typing import ResponseReturnValue

    from quartapp.mail.outbox import Filter
    from quartapp.mail.outbox.delivery import Delivery
    from quartapp.mail.outbox.query.verdict import Verdict
    from quartapp.mail.outbox.query.views import Figures, History
    from quartapp.mail.outbox.report import Report
    from quartapp.mail.pages.access import Allow
    from quartapp.mail.transports.logins import Logins

__all__ = ["blueprint"]

PAGE = 50
"""Messages on one page of the list."""

NAME = "mail_outbox"


def blueprint(allow: Allow | None) -> Blueprint:
    """The pages, to be registered on an app. See `Pages`."""
    pages = Pages(NAME, "/outbox", allow)
    pages.record_once(lambda _state: audit.init())
    pages.add("/", index)
    for action in Action:
        pages.add(f"/{action}", confirm, defaults={"what": action})
        pages.add(f"/{action}", act, methods=["POST"], defaults={"what": action})
    pages.add("/login", log_in, methods=["POST"])
    pages.add("/<delivery_id>", message)
    pages.add("/<delivery_id>/text", text, methods=["POST"])
    pages.add_the_rest()
    return pages


async def index() -> ResponseReturnValue:
    """The messages that were searched for, and how the outbox stands."""
    search = Search.read(request.args)
    wanted, objection = _understood(search)
    page, figures = await asyncio.gather(_page(wanted), _report().figures())
    status = 400 if objection else 200
    if wants_json():
        return as_json(_plain(search, page, figures, objection), status)
    shown = await render(
        "outbox/index.html",
        search=search,
        page=page,
        has_after="after" in request.args,
        objection=objection,
        figures=figures,
        chart=chart(figures.minutes),
        states=list(Status),
        now=datetime.now(UTC),
        verdict=_verdict(figures),
        is_login_paused=_verdict(figures).condition == "outage" and not await _logins().is_over(),
        news=_news(),
    )
    return shown, status


async def log_in() -> ResponseReturnValue:
    """Have one process log in to the mail server at once, after a login that was rejected."""
    await _logins().ask()
    audit.note_login(operator().name)
    return redirect(url_for(".index"))


async def message(delivery_id: str) -> ResponseReturnValue:
    """One message's whole history, and a page of its recipients."""
    return await _shown(await _history(delivery_id, **await _place()))


async def text(delivery_id: str) -> ResponseReturnValue:
    """The same, and the message's content. Viewing it is logged."""
    history = await _history(delivery_id)
    try:
        content = await _report().content(delivery_id)
    except LookupError:
        raise await unknown(delivery_id) from None
    audit.note(operator().name, "look into the text", [delivery_id], ())
    return await _shown(history, said=await asyncio.to_thread(read, content))


async def confirm(what: Action) -> ResponseReturnValue:
    """How many messages it would be, before it is done."""
    if operator().readonly:
        raise await refusal(403, READ_ONLY)
    search = Search.read(request.args)
    return await render(
        "outbox/confirm.html",
        search=search,
        action=what,
        asked_at=datetime.now(UTC).isoformat(),
        count=await _report().how_many(await _filter(search), what),
        at_once=_report().AT_ONCE,
    )


async def act(what: Action) -> ResponseReturnValue:
    """Do it, to one message or to all that match."""
    sent = await request.form
    search = Search.read(sent)
    asked = await _filter(Search(until=sent.get("asked_at", "")))
    done = await _report().act(_until(asked.until, await _filter(search)), what)
    audit.note(operator().name, what, done, search.arguments)
    # The outcome travels in the address: a flashed message would need the host's session.
    outcome: dict[str, Any] = {"done": what.value, "n": str(len(done))}
    if search.id:
        return redirect(url_for(".message", delivery_id=search.id, **outcome))
    return redirect(_address(search, **outcome))


def _logins() -> Logins:
    return mail().worker.logins


async def _page(wanted: Filter | None) -> Page:
    """The page that the address asks for; none of a search that was not understood."""
    if wanted is None:
        return Page(())
    before, after = request.args.get("before"), request.args.get("after")
    is_last = "last" in request.args
    page = await _report().page(wanted, before=before, after=after, is_last=is_last, size=PAGE)
    if after and page.newer is None:
        # The first page is a full one, however few messages are in front of this one.
        return await _report().page(wanted, size=PAGE)
    return page


async def _shown(history: History, **more: Any) -> str:
    return await render(
        "outbox/message.html",
        history=history,
        message=history.delivery,
        actions=[action for action in Action if history.allows(action)],
        obstacle=obstacle(history, await _report().workers()),
        excerpt=Excerpt,
        news=_news(),
        **more,
    )


async def _place() -> dict[str, Any]:
    """Which of a message's recipients the address asks for."""
    status, skipped = request.args.get("recipients") or None, request.args.get("skip") or "0"
    if status not in {None, *Status} or not (skipped.isdecimal() and len(skipped) < 9):
        raise await refusal(400, "There is no such page of recipients.")
    return {"status": Status(status) if status else None, "first": int(skipped)}


async def _history(delivery_id: str, **place: Any) -> History:
    history = await _report().history(delivery_id, **place)
    if history is None:
        raise await unknown(delivery_id)
    return history


def _understood(search: Search) -> tuple[Filter | None, str | None]:
    """What the outbox is asked, or what is wrong with it."""
    try:
        return search.filter(), None
    except ValueError as error:
        return None, str(error)


async def _filter(search: Search) -> Filter:
    wanted, objection = _understood(search)
    if wanted is None:
        raise await refusal(400, objection or "")
    return wanted


def _until(asked_at: datetime | None, wanted: Filter) -> Filter:
    """Without the messages that were queued after they had been counted."""
    ends = [end for end in (asked_at, wanted.until) if end]
    return replace(wanted, until=min(ends)) if ends else wanted


def _plain(search: Search, page: Page, figures: Figures, objection: str | None) -> dict[str, Any]:
    return {
        "messages": [_fields(each) for each in page.messages],
        "newer": _address(search, after=page.newer) if page.newer else None,
        "older": _address(search, before=page.older) if page.older else None,
        "counts": dict(figures.counts),
        "counted": figures.COUNTED,
        "suppressed": figures.suppressed,
        "oldest": figures.oldest,
        "verdict": asdict(_verdict(figures)),
        "message": objection,
    }


def _fields(delivery: Delivery) -> dict[str, Any]:
    """A message's fields, its times in ISO 8601."""
    recipients = [_with_text(asdict(each)) for each in delivery.recipients]
    return _with_text(asdict(delivery)) | {"recipients": recipients}


def _with_text(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
    }


def _address(search: Search, **place: str) -> str:
    """Where a page of the search is."""
    query: dict[str, Any] = search.arguments | place
    return url_for(".index", **query)


def _verdict(figures: Figures) -> Verdict:
    """How delivery stands; a process that should deliver and does not says so too."""
    found, service = verdict(figures), mail()
    if service.is_running or not service.settings.dispatch:
        return found
    return replace(found, notes=("This process should deliver, and does not.", *found.notes))


def _news() -> str:
    """What was just done, as the address tells it."""
    done, number = request.args.get("done"), request.args.get("n", "")
    if done not in Action.__members__.values() or not (number.isdecimal() and len(number) < 9):
        return ""
    messages = "1 message" if int(number) == 1 else f"{int(number):,} messages"
    if not int(number):
        return f"Nothing to {done}."
    if done == Action.RETRY:
        return f"{messages} queued for another attempt."
    return f"Cancelled {messages}. An attempt in progress will finish."


def _report() -> Report:
    return mail().report
