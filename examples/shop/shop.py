"""A shop that confirms orders by mail, for the tests beside it."""

from datetime import timedelta

from quart import Quart, request

from quartapp.mail import DeliveryError, Mail, Message

mail = Mail()


def create_app(**settings):
    app = Quart(__name__)
    app.config.update(MAIL_DEFAULT_SENDER="Shop <shop@example.com>")
    app.config.update(settings)
    mail.init_app(app)
    app.add_url_rule("/orders", view_func=order, methods=["POST"])
    app.add_url_rule("/questions", view_func=question, methods=["POST"])
    return app


async def order():
    form = await request.form
    if not form.get("email"):
        return "Where should we write to?", 400
    confirmation = Message(
        f"Your order of {form['what']}",
        recipients=[form["email"]],
        bcc=["orders@example.com"],
        body="Thank you! The invoice is attached.",
        html="<p>Thank you! The invoice is attached.</p>",
    )
    confirmation.attach("invoice.txt", "text/plain", f"1 {form['what']}")
    reminder = Message(
        f"How is your {form['what']}?",
        recipients=[form["email"]],
        body="Tell us: https://shop.example.com/reviews/1",
    )
    await mail.send_later(confirmation)
    await mail.send_later(reminder, at=timedelta(days=14))
    return "Ordered.", 201


async def question():
    form = await request.form
    message = Message("A question", ["help@example.com"], form["text"], cc=["team@example.com"])
    try:
        await mail.send(message)
    except DeliveryError as error:
        return f"Please call us: {error.reply}", 503
    return "We'll write back.", 201
