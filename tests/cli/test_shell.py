"""`quartapp shell`: the chapter's own session, from a pipe and at a terminal."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from mailbox import Maildir

import pytest

from quartapp.cli.session import ShellSession

SHELLS = pytest.mark.parametrize(
    "shell", [("quartapp", "shell"), ("quart", "--app", "quartapp", "shell")], ids=" ".join
)

CHAPTER = """\
msg = Message('test subject', sender='you@example.com', recipients=['you@example.com'])
msg.body = 'text body'
msg.html = '<b>HTML</b> body'
async with app.app_context():
    await mail.send(msg)

"""

QUEUE_BY_TEMPLATE = """\
ada = User(username='Ada')
await send_email('admin@example.com', 'New User', 'mail/new_user', user=ada)
"""

QUEUE = """\
message = Message('Tea', ['bob@example.com'], 'At four', sender='ada@example.com')
delivery = await mail.send_later(message)
print(delivery.status)
"""

ANOTHER_APP = """\
from quart import Quart

app = Quart(__name__)
app.shell_context_processor(lambda: {"answer": 42})
"""


@pytest.fixture
def subjects(tmp_path):
    """The subjects of the messages in the development mailbox."""

    def subjects():
        folder = Maildir(tmp_path / "instance" / "mailbox", create=False)
        return [message["Subject"] for message in folder]

    return subjects


@SHELLS
def test_the_chapters_session_works_as_typed_from_a_pipe(call, subjects, shell):
    ended = call(*shell, given=CHAPTER)

    assert (ended.returncode, ended.stdout) == (0, "")
    assert subjects() == ["test subject"]


@SHELLS
def test_the_chapters_session_works_as_typed_at_a_terminal(sit_down, subjects, shell):
    person = sit_down(*shell)

    for line in CHAPTER.splitlines():
        person.enter(line)
    person.see(">>> ")
    person.type("\x04")

    assert person.end() == 0
    assert subjects() == ["test subject"]


def test_the_books_names_are_at_hand(call):
    ended = call("quartapp", "shell", given="print(app, db, User, Role, Message, mail, send_email)")

    assert ended.returncode == 0


def test_the_banner_says_what_is_at_hand(sit_down):
    person = sit_down("quartapp", "shell")

    banner = person.see(">>> ")

    assert "app, db, g, mail, Message, Role, send_email, User" in banner


def test_a_script_ends_at_its_first_error(call):
    ended = call("quartapp", "shell", given="print('one')\n1 / 0\nprint('two')\n")

    assert (ended.returncode, ended.stdout) == (1, "one\n")
    assert ended.stderr == (
        "Traceback (most recent call last):\n"
        '  File "<stdin>", line 2, in <module>\n'
        "    1 / 0\n"
        "    ~~^~~\n"
        "ZeroDivisionError: division by zero\n"
    )


def test_a_script_that_is_no_python_does_nothing(call):
    ended = call("quartapp", "shell", given="print('one')\nx = (\n")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.endswith("SyntaxError: '(' was never closed\n")


def test_a_script_may_have_blocks_as_in_a_file(call):
    script = "for n in range(2):\n    print(n)\nif __name__ == '__main__':\n    print('main')\n"

    ended = call("quartapp", "shell", given=script)

    assert ended.stdout == "0\n1\nmain\n"


def test_a_script_chooses_its_exit_code(call):
    ended = call("quartapp", "shell", given="exit(3)")

    assert ended.returncode == 3


def test_messages_that_a_script_queues_are_delivered_in_development(call, subjects):
    ended = call("quartapp", "shell", given=QUEUE_BY_TEMPLATE)

    assert ended.returncode == 0
    assert subjects() == ["[Flasky] New User"]


async def test_messages_that_a_script_queues_are_left_to_the_servers_in_production(call, server):
    production = {
        "QUARTAPP_ENV": "production",
        "SECRET_KEY": "of this test and no other",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(server.port),
    }
    await asyncio.to_thread(call, "quartapp", "db", "upgrade", **production)

    ended = await asyncio.to_thread(call, "quartapp", "shell", given=QUEUE, **production)

    assert ended.stdout == "queued\n"
    assert server.messages == []


def test_ctrl_c_ends_the_statement_and_not_the_shell(sit_down):
    person = sit_down("quartapp", "shell")
    person.enter("import asyncio, time")

    person.enter("print('asleep'); await asyncio.sleep(1000)")
    person.see("\nasleep")
    person.type("\x03")
    person.see("KeyboardInterrupt")
    person.enter("print('busy'); time.sleep(1000)")
    person.see("\nbusy")
    person.type("\x03")
    person.see("KeyboardInterrupt")
    person.enter("6 * 7")

    person.see("\n42")


def test_ctrl_c_at_the_prompt_throws_the_line_away(sit_down):
    person = sit_down("quartapp", "shell")

    person.enter("def unfinished():")
    person.see(r"\.\.\. ")
    person.type("    raise\x03")
    person.see("KeyboardInterrupt")
    person.enter("6 * 7")

    person.see("\n42")


def test_the_app_goes_on_while_a_line_is_typed(sit_down):
    person = sit_down("quartapp", "shell")

    person.enter("import asyncio")
    person.enter("timer = asyncio.get_running_loop().call_later(0.1, print, 'meanwhile')")
    person.see(">>> ")

    person.see("meanwhile\r")


def test_one_context_holds_from_one_statement_to_the_next(sit_down):
    person = sit_down("quartapp", "shell")

    person.enter("g.answer = 42")
    person.enter("async with app.app_context(): g.answer = 7")
    person.enter("")
    person.enter("g.answer")

    person.see("\n42")


def test_an_error_at_the_terminal_ends_nothing(sit_down):
    person = sit_down("quartapp", "shell")

    person.enter("1 / 0")
    person.see(r'File "<input 1>", line 1, in <module>\s+1 / 0')
    person.see("ZeroDivisionError")
    person.enter("exit(4)")

    assert person.end() == 4


def test_lines_are_remembered(sit_down):
    first = sit_down("quartapp", "shell")
    first.enter("6 * 7")
    first.see(">>> ")
    first.type("\x04")
    first.end()

    second = sit_down("quartapp", "shell")
    second.enter("\x1b[A")

    second.see("\n42")


def test_another_app_gets_quarts_own_shell(call, tmp_path):
    (tmp_path / "another.py").write_text(ANOTHER_APP)

    ended = call("quart", "--app", "another", "shell", given="print(app.name, answer)\n")

    assert (ended.returncode, "another 42\n" in ended.stdout) == (0, True)
    assert "App: another\n" in ended.stderr


async def test_a_forgotten_await_gets_pythons_own_warning():
    async with ShellSession(copy_context()) as session:
        code = session.compile_file("async def send(): pass\nsend()\n", "<stdin>")

        with pytest.warns(RuntimeWarning, match="coroutine 'send' was never awaited"):
            error = await session.run(code)

    assert error is None
