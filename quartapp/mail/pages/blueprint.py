"""What all our blueprints have, wherever an app mounts them: a guard, headers, files, errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from quart import (
    Blueprint,
    Response,
    current_app,
    redirect,
    request,
    send_from_directory,
    websocket,
)
from quart.signals import request_finished
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from quartapp.database import DatabaseUnavailable
from quartapp.database.reserve import use_reserve
from quartapp.mail.errors import OutboxUnavailable
from quartapp.mail.pages.access import enter, is_let_in, is_our_form, operator
from quartapp.mail.pages.answers import refusal
from quartapp.mail.pages.forms import limit_form
from quartapp.mail.pages.guard import guard
from quartapp.mail.pages.headers import PAGES_POLICY, secure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from quart import Quart
    from quart.blueprints import BlueprintSetupState
    from quart.typing import ResponseReturnValue

    from quartapp.mail.pages.access import Allow

    View = Callable[..., Awaitable[ResponseReturnValue]]

__all__ = ["Pages"]

STATIC = Path(__file__).parent / "static"
READING = ("GET", "HEAD", "OPTIONS")
CHANGING = ("POST", "PUT", "PATCH", "DELETE")

SOON = 2
"""When a visitor may try again after the database was busy, in seconds."""

FOREIGN = (
    "This form did not come from a page of this site, so nothing was changed. "
    "Programs send the header Sec-Fetch-Site: same-origin."
)
READ_ONLY = "You may look at everything here, and change nothing."


class Pages(Blueprint):
    """A blueprint of ours.

    Links are relative (`url_for(".index")`), so that one may be mounted under a prefix, another
    blueprint, a subdomain, and a second time under another name.

    name
        Of its endpoints, as in `url_for("mail_outbox.index")`.
    allow
        Who may come in; without it, `guard` decides.
    guarded
        The endpoints that ask; all, unless it is given. Files never do.
    """

    def __init__(
        self, name: str, url_prefix: str, allow: Allow | None, guarded: Collection[str] = ()
    ) -> None:
        super().__init__(name, __name__, url_prefix=url_prefix or None)
        self._allow = allow
        self._guarded = guarded
        self._policies: dict[str, str] = {}
        self._at_the_root: set[str] = set()
        self.record(_have_the_last_word)
        self.before_app_request(_redirect_within)
        self.before_app_websocket(_no_websocket)
        self.before_request(self._check)
        for outage in (DatabaseUnavailable, OutboxUnavailable):
            self.register_error_handler(outage, _busy)

    def add(
        self,
        rule: str,
        view: View,
        *,
        methods: Sequence[str] = ("GET",),
        policy: str = PAGES_POLICY,
        **options: Any,
    ) -> None:
        """A route, by the name of its view; hidden from a host's OpenAPI document."""
        view.__dict__["_quart_schema_hidden"] = True
        self.add_url_rule(rule, view_func=view, methods=list(methods), **options)
        self._policies[view.__name__] = policy
        self._at_the_root |= set(methods) if rule == "/" else set()

    def add_the_rest(self) -> None:
        """Our files, and pages of ours for addresses where nothing is: routing's are not."""
        self.add("/", nowhere, methods=[each for each in CHANGING if each not in self._at_the_root])
        self.add("/<path:_>", nowhere, methods=("GET", *CHANGING))
        self.add("/static/<path:filename>", static)

    def policy_of(self, endpoint: str, status: int) -> str:
        """The content security policy of an answer; errors are pages."""
        return self._policies.get(endpoint, PAGES_POLICY) if status < 400 else PAGES_POLICY

    async def _check(self) -> ResponseReturnValue | None:
        """Before each request: who comes, and whether a form is ours."""
        endpoint = _endpoint()
        if endpoint == static.__name__ or (self._guarded and endpoint not in self._guarded):
            return None
        instead = await (enter(self._allow) if self._allow else _enter_by_default())
        if instead is not None:
            return instead
        if not is_let_in():
            raise await refusal(403)
        use_reserve()
        if request.method not in READING:
            await _check_change()
        return None


async def static(filename: str) -> Response:
    """One of our files: style, script, picture."""
    try:
        return await send_from_directory(STATIC, filename)
    except OverflowError:
        # If-Modified-Since names a time beyond all calendars.
        return await send_from_directory(STATIC, filename, conditional=False)
    except NotFound:
        raise await refusal(404) from None


async def nowhere(**_: str) -> ResponseReturnValue:
    """There is no such page, or it does not take that."""
    if request.method in READING:
        raise await refusal(404)
    raise await refusal(405, Allow="GET, HEAD, OPTIONS")


async def _enter_by_default() -> None:
    try:
        await enter(guard)
    except NotFound:
        raise  # nothing is here: what that looks like is the host's business
    except HTTPException as error:
        headers = {name.replace("-", "_"): value for name, value in error.get_headers()}
        headers.pop("Content_Type", None)
        sentence = "" if error.description == type(error).description else error.description
        raise await refusal(error.code or 403, sentence or "", **headers) from None


async def _check_change() -> None:
    if not is_our_form():
        raise await refusal(403, FOREIGN)
    if operator().readonly:
        raise await refusal(403, READ_ONLY)
    await limit_form()


async def _busy(_: DatabaseUnavailable | OutboxUnavailable) -> HTTPException:
    return await refusal(503, Retry_After=str(SOON))


async def _redirect_within() -> ResponseReturnValue | None:
    """Where routing adds a slash it names the host as the visitor did: leave the name out."""
    found = request.routing_exception
    if not isinstance(found, RequestRedirect):
        return None
    place = urlsplit(found.new_url)
    has_subdomains = current_app.subdomain_matching or current_app.url_map.host_matching
    if has_subdomains and place.netloc != request.host:
        return None
    return redirect(urlunsplit(("", "", place.path, place.query, "")), found.code)


async def _no_websocket() -> Response | None:
    """No page is a WebSocket: there is nothing at its address for whoever asks for one.

    Not an error, whose handlers mostly read the `request` that there is none of then.
    """
    found = websocket.routing_exception
    return Response("", 404) if isinstance(found, (BadRequest, MethodNotAllowed)) else None


def _have_the_last_word(state: BlueprintSetupState) -> None:
    request_finished.connect(_secure, sender=state.app)


async def _secure(_: Quart, response: Response, **__: Any) -> None:
    """After the host's own `after_request`, which may replace our headers."""
    pages = current_app.blueprints.get(request.blueprint or "")
    if isinstance(pages, Pages):
        endpoint = _endpoint()
        policy = pages.policy_of(endpoint, response.status_code)
        secure(response.headers, policy, is_stored=endpoint == static.__name__)


def _endpoint() -> str:
    """The page asked for, without the names of the blueprints that it is in."""
    return (request.endpoint or "").rpartition(".")[2]
