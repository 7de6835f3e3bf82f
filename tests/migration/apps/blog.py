"""A blog: a factory, a module-level `mail`, and views that send mail."""

from quart import Blueprint, Quart, request

from quartapp.mail import Mail, Message

mail = Mail()
pages = Blueprint("pages", __name__)

TERMS = "Be kind.\n"


def create_app(**settings):
    app = Quart(__name__)
    app.config.update(
        MAIL_SERVER="smtp.example.com",
        MAIL_PORT=587,
        MAIL_USE_TLS=True,
        MAIL_USERNAME="blog",
        MAIL_PASSWORD="secret",
        MAIL_DEFAULT_SENDER=("The blog", "blog@example.com"),
        MAIL_MAX_EMAILS=None,
    )
    app.config.update(settings)
    mail.init_app(app)
    app.register_blueprint(pages)
    return app


@pages.post("/register")
async def register():
    address = (await request.form)["address"]
    msg = Message("Welcome", recipients=[(address.partition("@")[0].title(), address)])
    msg.body = f"Hello {address},\nyour account is ready.\n"
    msg.html = f"<p>Hello <b>{address}</b>"
    msg.attach("terms.txt", "text/plain", TERMS)
    await mail.send(msg)
    return "", 201


@pages.post("/invite")
async def invite():
    await mail.send_message(
        "You are invited",
        recipients=(await request.form)["addresses"].split(","),
        body="Come and write with us.",
        reply_to="Editors <editors@example.com>",
        extra_headers={"X-Campaign": "autumn"},
    )
    return "", 201


@pages.post("/report")
async def report():
    text = (await request.form)["text"]
    msg = Message(subject="Report", sender="robot@example.com", body=text)
    msg.add_recipient("admin@example.com")
    msg.cc = ["deputy@example.com"]
    msg.bcc = ["archive@example.com"]
    async with mail.connect() as conn:
        await msg.send(conn)
    return "", 201
