"""Two sites of one company that share a `Mail`, each with a sender of its own."""

from quart import Quart

from quartapp.mail import Mail

mail = Mail()


def create_site(name):
    app = Quart(name)
    app.config["MAIL_DEFAULT_SENDER"] = f"{name}@example.com"
    app.config["TESTING"] = True
    mail.init_app(app)

    @app.post("/contact")
    async def contact():
        await mail.send_message(f"Question to {name}", recipients=["office@example.com"], body="?")
        return "sent"

    return app


shop = create_site("shop")
forum = create_site("forum")
