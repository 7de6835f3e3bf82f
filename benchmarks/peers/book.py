"""The book's application: Flask, a form, a user, and a mail in a thread of its own."""

from __future__ import annotations

import os
from threading import Thread
from typing import TYPE_CHECKING

from flask import Flask, redirect, render_template_string, session, url_for
from flask_mail import Mail, Message
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from sqlalchemy import event
from wtforms import StringField, SubmitField
from wtforms.validators import DataRequired

from benchmarks.message import RECIPIENT, SENDER, TEMPLATE
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

PAGE = """<!doctype html><title>Flasky</title><h1>Hello, {{ name or "Stranger" }}!</h1>
<p>{{ "Happy to see you again!" if known else "Pleased to meet you!" }}</p>
<form method="post">{{ form.hidden_tag() }}{{ form.name.label }} {{ form.name() }}
{{ form.submit() }}</form>"""

db = SQLAlchemy()
mail = Mail()


class Role(db.Model):  # type: ignore[name-defined,misc]  # made at run time
    """The book's table."""

    __tablename__ = "roles"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(64), unique=True)
    users = db.relationship("User", backref="role", lazy="dynamic")


class User(db.Model):  # type: ignore[name-defined,misc]  # made at run time
    """The book's table."""

    __tablename__ = "users"
    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String(64), unique=True, index=True)
    role_id = db.Column(db.Integer, db.ForeignKey("roles.id"))


class NameForm(FlaskForm):  # type: ignore[misc]  # untyped
    """Asks for a name."""

    name = StringField("What is your name?", validators=[DataRequired()])
    submit = SubmitField("Submit")


def create_app() -> Flask:
    """The app, on the database and the mail server that the environment names."""
    app = Flask(__name__, template_folder=str(ROOT / "templates"))
    app.config.update(
        SECRET_KEY="hard to guess string",  # noqa: S106  # for a minute, on loopback
        SQLALCHEMY_DATABASE_URI=os.environ["BOOK_DATABASE"],
        MAIL_SERVER="127.0.0.1",
        MAIL_PORT=int(os.environ["MAIL_PORT"]),
        FLASKY_MAIL_SUBJECT_PREFIX="[Flasky]",
        FLASKY_MAIL_SENDER=SENDER,
        FLASKY_ADMIN=RECIPIENT,
    )
    db.init_app(app)
    mail.init_app(app)
    with app.app_context():
        event.listen(db.engine, "connect", _use_wal)
        db.create_all()
    app.add_url_rule("/", view_func=index, methods=["GET", "POST"])
    return app


def index() -> str | Response:
    """The book's view."""
    form = NameForm()
    if form.validate_on_submit():
        user = User.query.filter_by(username=form.name.data).first()
        if user is None:
            user = User(username=form.name.data)
            db.session.add(user)
            db.session.commit()
            session["known"] = False
            send_email(RECIPIENT, "New User", TEMPLATE, user=user)
        else:
            session["known"] = True
        session["name"] = form.name.data
        return redirect(url_for("index"))
    return render_template_string(
        PAGE, form=form, name=session.get("name"), known=session.get("known", False)
    )


def send_email(to: str, subject: str, template: str, **context: object) -> Thread:
    """The book's function, with its thread."""
    from flask import current_app, render_template

    app = current_app._get_current_object()
    message = Message(
        f"{app.config['FLASKY_MAIL_SUBJECT_PREFIX']} {subject}",
        sender=app.config["FLASKY_MAIL_SENDER"],
        recipients=[to],
    )
    message.body = render_template(f"{template}.txt", **context)
    message.html = render_template(f"{template}.html", **context)
    thread = Thread(target=_send_async_email, args=[app, message])
    thread.start()
    return thread


def _send_async_email(app: Flask, message: Message) -> None:
    with app.app_context():
        mail.send(message)


def _use_wal(connection: object, _record: object) -> None:
    """Beyond the book, which uses SQLite's slower journal."""
    connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
