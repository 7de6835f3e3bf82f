"""The operator's page: every message, why it waits or failed, and what can be done about it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quart import (
    Blueprint,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)

from quartapp.mail import Action, Page, Status
from quartapp.mail.events import audit
from quartapp.mail.lines import escaped
from quartapp.mail.mailbox import read
from quartapp.mail.pages.chart import chart
from quartapp.mail.pages.guard import operators_page, who
from quartapp.mail.pages.plain import as_json
from quartapp.mail.pages.searches import Search
from quartapp.web.accept import wants_json
from quartapp.web.forms import SafeForm

if TYPE_CHECKING:
    from quart import Response
    from quart.typing import ResponseReturnValue

    from quartapp.mail import Figures, Filter, History, MailService, Report

__all__ = ["outbox"]

PAGE = 50
"""Messages on one page of the list."""

SHOWN = 256 * 1024
"""The most of a long text that a page shows, in characters."""

outbox = Blueprint("outbox", __name__, url_prefix="/outbox")
outbox.before_request(operators_page)
outbox.record_once(lambda _state: audit.init())
outbox.add_app_template_filter(escaped)


@outbox.get("/")
async def index() -> ResponseReturnValue:
    """The messages that were searched for, and how the outbox stands."""
    search = Search.read(request.args)
    wanted, objection = _understood(search)
    page, figures = await asyncio.gather(_page(wanted), _report().figures())
    if wants_json():
        return _json(search, page, figures, objection), 400 if objection else 200
    shown = await render_template(
        "outbox/index.html",
        search=search,
        page=page,
        objection=objection,
        figures=figures,
        chart=chart(figures.minutes),
        states=list(Status),
        now=datetime.now(UTC),
        post=_post(),
    )
    return shown, 400 if objection else 200


@outbox.get("/<delivery_id>")
async def message(delivery_id: str) -> ResponseReturnValue:
    """One message's whole history."""
    return await _shown(await _history(delivery_id))


@outbox.post("/<delivery_id>/text")
async def text(delivery_id: str) -> ResponseReturnValue:
    """The same, and what the message says. That somebody asked is logged."""
    await _must_be_our_form()
    history = await _history(delivery_id)
    try:
        content = await _report().content(delivery_id)
    except LookupError:
        abort(404, "What this message said is not kept any more.")
    audit.note(who(), "look into the text", [delivery_id], ())
    return await _shown(history, said=await asyncio.to_thread(read, content))


@outbox.get("/retry", defaults={"what": Action.RETRY})
@outbox.get("/cancel", defaults={"what": Action.CANCEL})
async def confirm(what: Action) -> ResponseReturnValue:
    """How many messages it would be, before it is done."""
    search = Search.read(request.args)
    return await render_template(
        "outbox/confirm.html",
        search=search,
        action=what,
        asked_at=datetime.now(UTC).isoformat(),
        count=await _report().how_many(_filter(search), what),
        at_once=_report().AT_ONCE,
        form=await SafeForm.from_request(),
    )


@outbox.post("/retry", defaults={"what": Action.RETRY})
@outbox.post("/cancel", defaults={"what": Action.CANCEL})
async def act(what: Action) -> ResponseReturnValue:
    """Do it, to one message or to all that match."""
    await _must_be_our_form()
    sent = await request.form
    search = Search.read(sent)
    asked = Search(until=sent.get("asked_at", ""))
    done = await _report().act(_until(_filter(asked).until, _filter(search)), what)
    audit.note(who(), what, done, search.arguments)
    await flash(_outcome(what, len(done)))
    if search.id:
        return redirect(url_for("outbox.message", delivery_id=search.id))
    return redirect(_address(search))


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
    return await render_template(
        "outbox/message.html",
        history=history,
        message=history.delivery,
        actions=[action for action in Action if history.allows(action)],
        form=SafeForm(meta={"csrf": current_app.config.get("WTF_CSRF_ENABLED", True)}),
        limit=SHOWN,
        **more,
    )


async def _history(delivery_id: str) -> History:
    return await _report().history(delivery_id) or abort(404, "There is no such message.")


async def _must_be_our_form() -> None:
    form = await SafeForm.from_request()
    if not form.validate():
        abort(400, form.refusal)


def _understood(search: Search) -> tuple[Filter | None, str | None]:
    """What the outbox is asked, or what is wrong with it."""
    try:
        return search.filter(), None
    except ValueError as error:
        return None, str(error)


def _filter(search: Search) -> Filter:
    wanted, objection = _understood(search)
    return wanted or abort(400, objection)


def _until(asked_at: datetime | None, wanted: Filter) -> Filter:
    """Without the messages that nobody had counted, because they were kept since."""
    ends = [end for end in (asked_at, wanted.until) if end]
    return replace(wanted, until=min(ends)) if ends else wanted


def _json(search: Search, page: Page, figures: Figures, objection: str | None) -> Response:
    return jsonify(
        messages=[as_json(each) for each in page.messages],
        newer=_address(search, after=page.newer) if page.newer else None,
        older=_address(search, before=page.older) if page.older else None,
        counts=figures.counts,
        counted=figures.COUNTED,
        oldest=figures.oldest,
        message=objection,
    )


def _address(search: Search, **place: str) -> str:
    """Where a page of the search is."""
    query: dict[str, Any] = search.arguments | place
    return url_for("outbox.index", **query)


def _post() -> dict[str, Any]:
    """What delivers the messages, as far as this process knows: a word, and a sentence."""
    mail = _mail()
    if mail.outage:
        return {"state": "waiting", "sentence": f"Messages wait: {mail.outage}"}
    if mail.is_running:
        suppressed = " Nothing goes onto the wire: MAIL_SUPPRESS_SEND is on."
        return {
            "state": "running",
            "sentence": "This process delivers, and the mail server gives no trouble."
            + (suppressed if mail.worker.is_suppressed else ""),
        }
    if mail.settings.dispatch:
        return {"state": "stopped", "sentence": "This process should deliver, and does not."}
    return {"state": "elsewhere", "sentence": "Another process delivers: MAIL_DISPATCH is off."}


def _outcome(action: Action, number: int) -> str:
    if not number:
        return "No message was changed: none of them is in such a state any more."
    messages = "1 message" if number == 1 else f"{number:,} messages"
    if action is Action.RETRY:
        return f"{messages} will be tried again now."
    return f"{messages} will not be tried again. An attempt under way is left to end."


def _mail() -> MailService:
    mail: MailService = current_app.extensions["mail"]
    return mail


def _report() -> Report:
    return _mail().report
