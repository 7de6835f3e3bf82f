"""A newsletter: many messages on one connection, counted by a receiver of the signal."""

from quart import Quart

from quartapp.mail import Attachment, Mail, Message, email_dispatched

mail = Mail()
sent = []


def create_app(config):
    app = Quart(__name__)
    app.config["MAIL_DEFAULT_SENDER"] = "news@example.com"
    app.config["MAIL_MAX_EMAILS"] = 2
    app.config.from_mapping(config)
    mail.init_app(app)
    email_dispatched.connect(count, app)
    return app


def count(app, message):
    sent.append(message.recipients[0])


async def send_issue(number, readers):
    pdf = Attachment("news.pdf", "application/pdf", b"%PDF-1.7")
    async with mail.connect() as conn:
        for name, address in readers:
            message = Message(f"Issue {number}", attachments=[pdf], body=f"Dear {name}, …")
            message.recipients = [(name, address)]
            await conn.send(message, envelope_from="bounces@example.com")
