"""A whole application: a table of its own, a form, and mail that it cannot lose."""

import os

from quart import Quart, redirect, request
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from quartapp.mail import Mail, Message

FORM = '<form method="post"><input name="email" type="email"> <button>Subscribe</button></form>'

engine = create_async_engine(os.environ.get("DATABASE", "sqlite+aiosqlite:///one_file.sqlite"))
Session = async_sessionmaker(engine)

app = Quart(__name__)
app.config.update(MAIL_BACKEND="mailbox", MAIL_DEFAULT_SENDER="news@example.com")
app.config.from_prefixed_env()  # QUART_MAIL_BACKEND=smtp QUART_MAIL_SERVER=… sends for real
mail = Mail(app, engine=engine)


class Base(DeclarativeBase):
    pass


class Subscriber(Base):
    __tablename__ = "subscribers"
    email: Mapped[str] = mapped_column(primary_key=True)


@app.while_serving
async def database():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


@app.get("/")
async def index():
    return FORM


@app.post("/")
async def subscribe():
    email = (await request.form)["email"]
    welcome = Message("Welcome", recipients=[email], body="You will hear from us.")
    async with Session.begin() as session:  # both or neither
        session.add(Subscriber(email=email))
        await mail.send_later(welcome, session=session)
    return redirect("/")


def staff():
    """Who may see messages: the name that this returns is in the audit log."""
    login = request.authorization
    if login and login.password == os.environ.get("STAFF_PASSWORD"):
        return login.username
    return "Sign in.", 401, {"WWW-Authenticate": "Basic"}


app.register_blueprint(mail.outbox_pages(allow=staff), url_prefix="/outbox")
app.register_blueprint(mail.mailbox_pages(allow=staff), url_prefix="/mailbox")
