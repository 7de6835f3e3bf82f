"""Who may come in, as what, and whether a form came from our own page.

An `allow` is the host's own check, sync or async. It returns True, or a name for the audit log, or
an `Operator`; False or None is 403; a response (a redirect to a sign-in) is returned as it is; what
it raises is the host's.
"""

from __future__ import annotations

from contextvars import ContextVar
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeAlias

from quart import current_app, request

from quartapp.mail.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quart.typing import ResponseReturnValue

__all__ = ["Allow", "enter", "is_let_in", "is_our_form", "operator"]

Allow: TypeAlias = "Callable[[], AllowAnswer | Awaitable[AllowAnswer]]"
AllowAnswer: TypeAlias = "bool | str | Operator | ResponseReturnValue | None"

REFUSED = Operator("refused", readonly=True)

# A request is a task of its own, and so has its own.
_operator: ContextVar[Operator] = ContextVar("operator", default=REFUSED)


async def enter(allow: Allow) -> ResponseReturnValue | None:
    """Ask who comes; what to answer instead of the page, if anything. See `operator`."""
    _operator.set(REFUSED)
    answer: Any = await current_app.ensure_async(allow)()
    if isawaitable(answer):  # such as a lambda's, which calls an async function
        answer = await answer
    match answer:
        case Operator():
            _operator.set(answer)
        case str():
            _operator.set(Operator(answer) if answer else REFUSED)
        case None | int():  # a column of a database may be 1 for True
            _operator.set(Operator("an allowed visitor") if answer else REFUSED)
        case _:
            response: ResponseReturnValue = answer
            return response
    return None


def operator() -> Operator:
    """Who was let in to this request."""
    return _operator.get()


def is_let_in() -> bool:
    """Whether the request was let in."""
    return operator() is not REFUSED


def is_our_form() -> bool:
    """Whether a request was made by a page of this very origin, as far as browsers say.

    They say so themselves (Fetch Metadata); where they do not, on an address without TLS, the
    Origin must name the host that was asked. Another port of it is another origin. Nothing here is
    a secret that a cookie of a neighbour could replace.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin, host = request.headers.get("Origin", "").lower(), request.host.lower()
    return origin in (f"http://{host}", f"https://{host}")
