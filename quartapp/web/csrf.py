"""Forms that must come from our own page: a signed, dated token tied to the session proves it."""

from __future__ import annotations

import hmac
import secrets
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from quart import current_app, request, session
from werkzeug.exceptions import RequestEntityTooLarge
from wtforms import Form, HiddenField, ValidationError
from wtforms.csrf.core import CSRF, CSRFTokenField
from wtforms.meta import DefaultMeta

if TYPE_CHECKING:
    from wtforms.form import BaseForm

__all__ = ["SafeForm"]

MOST_FIELDS = 20
KEY = "csrf"
HOUR = 3600

EXPIRED = "This page was open for a long time. Nothing was saved; please press the button again."
REFUSED = "This form did not come from our page. Nothing was saved; please press the button again."
NO_COOKIE = (
    "Your browser did not send our cookie back. Nothing was saved; "
    "please allow cookies for this site and try again."
)
INSECURE = (
    "Your browser did not send our cookie back, because it is meant for https and this page came "
    "over http. Nothing was saved; open the page over https, or set SESSION_COOKIE_SECURE=false "
    "to try it without."
)


class TokenField(CSRFTokenField):
    """A token that is made when the form is drawn; WTForms would make one for each POST too."""

    def process(self, *sent: Any, **options: Any) -> None:
        """Take the token that was sent."""
        HiddenField.process(self, *sent, **options)

    def _value(self) -> str:
        return self.csrf_impl.generate_csrf_token(self)


class SignedCSRF(CSRF):
    """A token that the session's own secret, the app's key and the time must agree with.

    `WTF_CSRF_TIME_LIMIT` is its life in seconds, None for no end.
    """

    field_class = TokenField

    def generate_csrf_token(self, csrf_token_field: CSRFTokenField) -> str:
        """A fresh token for the visitor's session."""
        secret = session.setdefault(KEY, secrets.token_urlsafe(24))
        return str(_signer().dumps(secret))

    def validate_csrf_token(self, form: BaseForm, field: CSRFTokenField) -> None:
        """Raises `ValidationError`, saying what to do, unless the token is ours and fresh."""
        if _is_of_another_origin():
            raise ValidationError(REFUSED)
        try:
            secret = _signer().loads(field.data or "", max_age=_time_limit())
        except SignatureExpired:
            raise ValidationError(EXPIRED) from None
        except BadSignature:
            raise ValidationError(_refusal()) from None
        if not hmac.compare_digest(str(secret), str(session.get(KEY, ""))):
            raise ValidationError(_refusal())


class SafeForm(Form):
    """A form that must have come from our own page, unless `WTF_CSRF_ENABLED` is false."""

    class Meta(DefaultMeta):
        """WTForms' own settings."""

        csrf_class = SignedCSRF

    @classmethod
    async def from_request(cls) -> Self:
        """The form as it was sent, or an empty one.

        Raises `RequestEntityTooLarge` for one with more fields than any form of ours.
        """
        request.max_form_parts = MOST_FIELDS
        sent = await request.form if request.method == "POST" else None
        if sent is not None and sum(map(len, sent.listvalues())) > MOST_FIELDS:
            raise RequestEntityTooLarge
        return cls(sent, meta={"csrf": current_app.config.get("WTF_CSRF_ENABLED", True)})

    @property
    def refusal(self) -> str | None:
        """Why the form as a whole is not accepted, in a sentence."""
        errors = self["csrf_token"].errors if "csrf_token" in self else ()
        return str(errors[0]) if errors else None


def _is_of_another_origin() -> bool:
    """Whether the browser says so. Another port or a sibling of the host can set our cookie to a
    session of its own, whose token it knows: the token proves nothing against those.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site != "same-origin"
    origin, host = request.headers.get("Origin", "").lower(), request.host.lower()
    return origin not in ("", f"http://{host}", f"https://{host}")


def _signer() -> URLSafeTimedSerializer:
    return _signer_for(current_app.secret_key or "")


@cache
def _signer_for(key: str | bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(key, salt="quartapp.csrf")


def _time_limit() -> int | None:
    limit: int | None = current_app.config.get("WTF_CSRF_TIME_LIMIT", HOUR)
    return limit


def _refusal() -> str:
    if current_app.config["SESSION_COOKIE_NAME"] in request.cookies:
        return REFUSED
    if current_app.config["SESSION_COOKIE_SECURE"] and request.scheme == "http":
        return INSECURE
    return NO_COOKIE
