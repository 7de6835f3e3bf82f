"""Methods of `Mail` that are those of the right app's service."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from quartapp.mail.service import MailService

__all__ = ["awaited", "of_the_service"]

P = ParamSpec("P")
T = TypeVar("T")


class Handle(Protocol):
    """What finds the service of the right app."""

    @property
    def service(self) -> MailService: ...


def of_the_service(
    method: Callable[Concatenate[MailService, P], T],
) -> Callable[Concatenate[Handle, P], T]:
    """The same method of the right app's service."""

    @wraps(method)
    def call(handle: Handle, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return method(handle.service, *args, **kwargs)

    return call


def awaited(
    method: Callable[Concatenate[MailService, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Handle, P], Coroutine[Any, Any, T]]:
    """The same for a coroutine, which Quart must recognize as one: `app.before_serving(...)`."""

    @wraps(method)
    async def call(handle: Handle, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await method(handle.service, *args, **kwargs)

    return call
