"""The pytest plugin in other people's suites: what it loads, where its fixtures work."""

from __future__ import annotations

import subprocess
import sys

import pytest

APP = """
    import pytest
    from quart import Quart
    from quartapp.mail import Mail
    from quartapp.mail.testing import message

    mail = Mail()

    @pytest.fixture
    def send():
        app = Quart("host")
        app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="flasky@example.com")
        mail.init_app(app)
        service = app.extensions["mail"]
        return lambda **changes: service.send(message(**changes))
"""

ASYNCIO = ("-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function")
KIT = ("-p", "quartapp.mail.testing")


@pytest.fixture
def suite(pytester, monkeypatch):
    """Run another suite in this process; its plugins are named, as if nothing were installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(APP)
    pytester.makeini("[pytest]")

    def run(tests: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_suite=tests)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *KIT, *options)

    return run


def test_a_run_that_uses_no_fixture_loads_nothing(tmp_path):
    (tmp_path / "test_other.py").write_text("def test_nothing(mail_outbox): pass\n")
    script = (
        "import pytest, sys\n"
        "code = pytest.main(['--collect-only', '-q', '-p', 'quartapp.pytest_plugin'])\n"
        "print(code.name, *sys.modules)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    loaded = set(ended.stdout.splitlines()[-1].split())
    assert loaded >= {"OK", "quartapp.pytest_plugin"}
    assert loaded & {"quartapp.mail", "quart", "sqlalchemy", "aiosmtplib", "jinja2"} == set()


@pytest.mark.parametrize(
    ("mark", "options"),
    [
        ("asyncio", (*ASYNCIO, "--asyncio-mode=strict")),
        ("asyncio(loop_scope='session')", (*ASYNCIO, "--asyncio-mode=strict")),
        ("filterwarnings('default')", (*ASYNCIO, "--asyncio-mode=auto")),
        ("anyio", ("-p", "anyio.pytest_plugin")),
    ],
    ids=["strict", "session", "auto", "anyio"],
)
def test_the_fixtures_work_whoever_runs_the_tests(mark, options, suite):
    if mark == "anyio":
        pytest.importorskip("anyio.pytest_plugin")

    ended = suite(
        f"""
        import asyncio
        import pytest
        from quartapp.mail.testing import Phase, assert_nothing_sent, assert_sent

        pytestmark = pytest.mark.{mark}

        @pytest.fixture(scope="module")
        def anyio_backend():
            return "asyncio"

        async def test_one(send, mail_outbox):
            await asyncio.gather(send(subject="One"), asyncio.create_task(send(subject="Two")))
            assert_sent(subject="Two")
            assert len(mail_outbox) == 2

        async def test_two(mail_outbox):
            assert_nothing_sent()

        async def test_three(smtp_server):
            reader, writer = await asyncio.open_connection(smtp_server.host, smtp_server.port)
            await smtp_server.reached(Phase.GREETING)
            assert (await reader.readline()).startswith(b"220 ")
            writer.close()
            await writer.wait_closed()
        """,
        *options,
    )

    ended.assert_outcomes(passed=3)


def test_a_task_of_an_earlier_test_is_not_this_tests(suite):
    ended = suite(
        """
        import asyncio
        import pytest
        from quartapp.mail.testing import assert_nothing_sent, assert_sent

        pytestmark = pytest.mark.asyncio(loop_scope="session")
        may_send, tasks = asyncio.Event(), []

        @pytest.mark.parametrize("fixture", ["send", "mail_outbox"])
        async def test_leaves_a_task_behind(fixture, request, send):
            request.getfixturevalue(fixture)
            async def send_later():
                await may_send.wait()
                await send(subject="Late")
            tasks.append(asyncio.create_task(send_later()))

        async def test_sends_itself(send, mail_outbox):
            may_send.set()
            await asyncio.gather(*tasks)
            assert_nothing_sent()
            await asyncio.create_task(send(subject="Mine"))
            assert_sent(subject="Mine", count=1)
        """,
        *ASYNCIO,
    )

    ended.assert_outcomes(passed=3)


def test_a_task_that_a_fixture_has_started_sends_for_the_test_that_runs(suite):
    ended = suite(
        """
        import asyncio
        import pytest
        import pytest_asyncio
        from conftest import mail
        from quart import Quart
        from quartapp.mail.testing import assert_sent, message

        pytestmark = pytest.mark.asyncio(loop_scope="session")

        @pytest_asyncio.fixture(scope="session", loop_scope="session")
        async def server():
            app = Quart("server")
            app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="flasky@example.com")
            mail.init_app(app)
            orders = asyncio.Queue()
            async def serve():
                while order := await orders.get():
                    await app.extensions["mail"].send(message(subject=order))
                    orders.task_done()
            task = asyncio.create_task(serve())
            yield orders
            await orders.put("")
            await task

        @pytest.mark.parametrize("order", ["Tea", "Milk"])
        async def test_order(order, server, mail_outbox):
            await server.put(order)
            await server.join()
            assert_sent(subject=order)
            assert len(mail_outbox) == 1
        """,
        *ASYNCIO,
    )

    ended.assert_outcomes(passed=2)


def test_a_failure_shows_the_test_and_none_of_our_frames(suite):
    ended = suite(
        """
        from quartapp.mail.testing import assert_nothing_sent, assert_sent

        def test_sent(mail_outbox):
            assert_sent(subject="Tea")

        def test_nothing_sent(mail_outbox):
            mail_outbox.append(__import__("quartapp.mail").mail.Message("Tea", ["a@example.com"]))
            assert_nothing_sent()

        def test_wrong(mail_outbox):
            assert_sent(to="Ada")

        def test_without_the_fixture():
            assert_sent(subject="Tea")
        """
    )

    shown = ended.stdout.str()
    ended.assert_outcomes(failed=4)
    assert shown.count("\n>  ") == 4
    assert "quartapp/mail" not in shown
    ended.stdout.fnmatch_lines(
        [
            "E  *AssertionError: nothing was sent or queued (*",
            "E  *AssertionError: 1 message was sent or queued:",
            "E  *1. 'Tea' to a@example.com",
            "E  *MessageError: to 'Ada' is not an address *",
            "E  *MailError: nothing records what this test sends: *",
        ]
    )


def test_it_is_registered_once_however_often_it_is_asked_for(suite, pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    pytester.makeconftest('pytest_plugins = ["quartapp.mail.testing", "quartapp.pytest_plugin"]')

    ended = suite(
        """
        def test_plugin(mail_outbox, pytestconfig):
            import quartapp.pytest_plugin
            assert list(pytestconfig.pluginmanager.get_plugins()).count(quartapp.pytest_plugin) == 1
        """,
        *("-p", "quartapp.pytest_plugin", "-o", "asyncio_default_fixture_loop_scope=function"),
    )

    ended.assert_outcomes(passed=1)
