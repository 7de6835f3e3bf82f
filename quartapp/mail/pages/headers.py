"""The headers of our pages, whatever the host's own say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

__all__ = ["MESSAGE_POLICY", "PAGES_POLICY", "secure"]

PAGES_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

MESSAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""For the HTML of a message: it may look as it likes, and do nothing but open links apart."""

# No-referrer would have browsers send `Origin: null` with our own forms.
REFERRER = {PAGES_POLICY: "same-origin", MESSAGE_POLICY: "no-referrer"}

READABLE_ELSEWHERE = "access-control-"
"""A host that shares its API with other sites must not share messages with them."""


def secure(headers: Headers, policy: str, is_stored: bool) -> None:
    """Set what a page of ours needs, and remove what would open it to other sites.

    is_stored
        Whether browsers may store it: files, but no page.
    """
    for name in [name for name, _ in headers if name.lower().startswith(READABLE_ELSEWHERE)]:
        headers.remove(name)
    headers["Content-Security-Policy"] = policy
    headers["Referrer-Policy"] = REFERRER[policy]
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if not is_stored:
        headers["Cache-Control"] = "no-store"
