"""Chaos: have the mailbox's server misbehave, and watch what becomes of messages."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from quart import Blueprint, abort, current_app, redirect, render_template, url_for
from wtforms import IntegerField, StringField, ValidationError
from wtforms.validators import NumberRange, Optional

from quartapp.mail.mailbox import Kind
from quartapp.mail.pages.guard import developers_only, who
from quartapp.web.forms import SafeForm

if TYPE_CHECKING:
    from quart.typing import ResponseReturnValue

    from quartapp.mail.mailbox import Chaos

__all__ = ["chaos", "in_force"]

logger = logging.getLogger(__name__)

MOST = 1000

chaos = Blueprint("chaos", __name__, url_prefix="/dev/mail/chaos")
chaos.before_request(developers_only)


class ChaosForm(SafeForm):
    """Asks what to do, and to how many messages."""

    kind = StringField("What to do to messages")
    messages = IntegerField(
        "To how many messages",
        validators=[
            Optional(),
            NumberRange(1, MOST, f"Give a number from 1 to {MOST}, or nothing for all."),
        ],
    )

    def validate_kind(self, field: StringField) -> None:
        """Raises `ValidationError` where nothing is chosen that there is."""
        if field.data not in Kind.__members__:
            raise ValidationError("Choose what to do.")


async def in_force() -> dict[str, Any]:
    """What the pages of the mailbox show on top: for a blueprint's `context_processor`."""
    is_open = "chaos" in current_app.extensions
    return {"mischief": await _chaos().now() if is_open else None}


chaos.context_processor(in_force)


@chaos.get("")
async def show() -> ResponseReturnValue:
    """What is in force, and what could be."""
    return await _page(await ChaosForm.from_request())


@chaos.post("")
async def switch_on() -> ResponseReturnValue:
    """Misbehave from now on."""
    form = await ChaosForm.from_request()
    if not form.validate():
        return await _page(form), 400
    kind = Kind[form.kind.data or ""]
    await _chaos().switch_on(kind, form.messages.data)
    logger.info("%s switched chaos on: %s", who(), kind)
    return redirect(url_for("chaos.show"))


@chaos.post("/off")
async def switch_off() -> ResponseReturnValue:
    """Behave again."""
    form = await SafeForm.from_request()
    if not form.validate():
        abort(400, form.refusal)
    await _chaos().switch_off()
    logger.info("%s switched chaos off", who())
    return redirect(url_for("chaos.show"))


async def _page(form: ChaosForm) -> str:
    return await render_template("mailbox/chaos.html", form=form, kinds=Kind)


def _chaos() -> Chaos:
    chaos: Chaos = current_app.extensions["chaos"]
    return chaos
