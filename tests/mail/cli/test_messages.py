"""`quartapp mail list`, `show` and `stats`, on a real outbox with a message in each state."""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields
from datetime import datetime

import pytest

from quartapp.mail import Delivery
from quartapp.mail.cli.table import table
from quartapp.mail.testing import message

NEWEST_FIRST = ["queued", "queued", "cancelled", "uncertain", "failed", "sent"]


async def test_list_as_a_process_prints_a_table_with_the_newest_message_first(call, filled):
    ended = await asyncio.to_thread(call, "quartapp", "mail", "list")

    headings, *lines = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert headings.split()[:2] == ["ID", "STATUS"]
    assert [line.split()[1] for line in lines] == NEWEST_FIRST
    assert lines[-1].startswith(filled["sent"])


async def test_list_tells_programs_every_field_of_a_delivery(quartapp, filled):
    ended = await quartapp.run("mail", "list", "--json")

    told = json.loads(ended.output)
    assert [message["status"] for message in told] == NEWEST_FIRST
    assert set(told[0]) == {field.name for field in fields(Delivery)}
    assert datetime.fromisoformat(told[-1]["sent_at"]).tzinfo
    assert told[-2]["recipients"][1] == {
        "address": "nobody@example.com",
        "status": "failed",
        "code": 550,
        "reply": "5.1.1 no such user",
        "due_at": None,
    }


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (["--status", "failed"], ["failed"]),
        (["--recipient", "ada@example.com"], ["failed", "sent"]),
        (["--subject", "tea at"], ["queued", "sent"]),
        (["--subject", "tea at", "--status", "sent"], ["sent"]),
        (["--template", "mail/new_user"], []),
        (["--limit", "2"], ["queued", "later"]),
    ],
)
async def test_list_shows_the_messages_that_meet_every_condition(
    quartapp, filled, conditions, found
):
    ended = await quartapp.run("mail", "list", "--json", *conditions)

    assert ended.exit_code == 0
    assert [message["id"] for message in json.loads(ended.output)] == [
        filled[state] for state in found
    ]


async def test_list_says_why_each_message_is_in_its_state(quartapp, filled):
    ended = await quartapp.run("mail", "list")

    headings, *lines = ended.output.splitlines()
    reasons = [line[headings.index("REASON") :] for line in lines]
    assert reasons[:2] == ["451 4.7.1 greylisted", ""]
    assert reasons[3].startswith("connection lost after the end of data: ")
    assert reasons[4:] == ["550 5.1.1 no such user", "250 2.0.0 Ok"]


async def test_list_says_why_delivery_waits_for_the_server(quartapp, serve, server, sqlite_url):
    await server.stop()
    async with serve(MAIL_BREAKER_FIRST=60) as mail:
        await mail.send_later(message())
        await mail.drain()
    refused = f"{server.host}:{server.port} refused the connection; check MAIL_SERVER and MAIL_PORT"

    ended = await quartapp.run("mail", "list", DATABASE_URL=sqlite_url)

    assert refused in ended.output


def test_list_has_a_column_for_the_reason_where_a_terminal_has_room(sit_down, filled):
    screen = sit_down("quartapp", "mail", "list", COLUMNS="120")

    lines = screen.see("sent .*\r\n").splitlines()

    assert screen.end() == 0
    assert max(map(len, lines)) <= 120
    assert lines[-2].endswith("  Cake           550 5.1.1 no such user")


async def test_list_says_that_there_is_nothing(quartapp, filled):
    ended = await quartapp.run("mail", "list", "--recipient", "stranger@example.com")

    assert (ended.exit_code, ended.output) == (0, "No messages match.\n")


async def test_list_shortens_nothing_in_a_pipe_and_spells_out_what_turns_text_around(
    quartapp, filled
):
    ended = await quartapp.run("mail", "list", "--status", "uncertain")

    assert "Scones \\u202e" in ended.output
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in ended.output


def test_list_fits_a_terminal(sit_down, filled):
    screen = sit_down("quartapp", "mail", "list", COLUMNS="80")

    lines = screen.see("sent .*\r\n").splitlines()

    assert screen.end() == 0
    assert max(map(len, lines)) == 80
    assert lines[-3].endswith("ada@examp…  Cake")
    assert lines[-2] == "  550 5.1.1 no such user"


async def test_show_as_a_process_prints_the_servers_replies_and_the_attempts(call, filled):
    ended = await asyncio.to_thread(call, "quartapp", "mail", "show", filled["failed"])

    words = " ".join(ended.stdout.split())
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "RECIPIENT STATUS SERVER REPLY ada@example.com sent 250 2.0.0 Ok" in words
    assert "nobody@example.com failed 550 5.1.1 no such user" in words
    assert "ATTEMPT ENDED STATUS DETAIL 1 20" in words
    assert "Dear Bob" not in words


async def test_show_tells_programs_the_history(quartapp, filled):
    ended = await quartapp.run("mail", "show", filled["queued"], "--json")

    told = json.loads(ended.output)
    assert (told["id"], told["status"], told["attempts"]) == (filled["queued"], "queued", 1)
    assert told["history"][0]["detail"] == "later@example.com: 451 4.7.1 greylisted"
    assert "content" not in told


async def test_show_shows_recipients_page_by_page(quartapp, filled):
    shown = await quartapp.run("mail", "show", filled["failed"], "--limit", "1")
    failed = await quartapp.run("mail", "show", filled["failed"], "--recipients", "failed")
    told = await quartapp.run("mail", "show", filled["failed"], "--skip", "1", "--json")

    assert "These are 1 to 1 of 2 recipients.\n--skip 1 shows the next." in shown.output
    assert "These are 1 to 1 of 1 recipients that are failed." in failed.output
    message = json.loads(told.output)
    assert [each["address"] for each in message["recipients"]] == ["nobody@example.com"]
    assert message["recipient_count"] == 2


async def test_show_prints_what_a_message_says_only_when_asked_to_and_that_is_logged(
    quartapp, filled
):
    ended = await quartapp.run("mail", "show", filled["sent"], "--body")

    log, said = ended.output_bytes.split(b"\n", 1)
    assert said == filled.said
    assert f"at the terminal: view content of 1 message: {filled['sent']}" in log.decode()


async def test_show_gives_programs_what_a_message_says_as_a_field(quartapp, filled):
    ended = await quartapp.run("mail", "show", filled["sent"], "--json", "--body")

    told = json.loads(ended.output[ended.output.index("{") :])
    assert "tea is at four." in told["content"]


async def test_show_says_in_one_sentence_that_there_is_no_such_message(quartapp, filled):
    ended = await quartapp.run("mail", "show", "no\x1b[31mpe")

    assert (ended.exit_code, ended.output) == (1, "No message with id no\\x1b[31mpe.\n")


async def test_stats_as_a_process_counts_messages(call, filled):
    ended = await asyncio.to_thread(call, "quartapp", "mail", "stats")

    verdict, *lines = ended.stdout.splitlines()
    rows = dict(line.split(maxsplit=1) for line in lines)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert verdict.startswith("No worker runs; ")
    assert (rows["queued"], rows["sending"], rows["failed"]) == ("2", "0", "1")
    assert rows["due"].split() == ["now", "0"]
    assert rows["oldest"].endswith(" ago")


async def test_stats_tells_programs_how_long_the_oldest_waits(quartapp, filled):
    ended = await quartapp.run("mail", "stats", "--json")

    told = json.loads(ended.output)
    assert sum(told["counts"].values()) == len(NEWEST_FIRST)
    assert told["due_now"] == 0
    assert (told["suppressed"], told["verdict"]["condition"]) == (0, "stopped")
    assert told["oldest_waiting"] == filled.messages["later"].created_at.isoformat()


@pytest.mark.parametrize("command", [["list"], ["show", "x"], ["stats"], ["retry", "--all"]])
async def test_a_database_that_was_not_upgraded_is_said_in_one_sentence(quartapp, command):
    ended = await quartapp.run("mail", *command)

    assert ended.exit_code == 1
    assert ended.output == "The mail tables do not exist yet: run quartapp mail upgrade\n"


@pytest.mark.parametrize("command", [["list"], ["cancel", "x"]])
async def test_a_database_that_is_away_is_said_in_one_sentence(quartapp, command):
    ended = await quartapp.run("mail", *command, DATABASE_URL="postgresql://127.0.0.1:1/none")

    assert ended.exit_code == 1
    assert ended.output.startswith("the database cannot be reached: ")
    assert ended.output.count("\n") == 1


async def test_the_commands_work_in_production(quartapp, filled):
    production = {"QUARTAPP_ENV": "production", "SECRET_KEY": "x" * 32}

    ended = await quartapp.run("mail", "stats", "--json", **production)

    assert json.loads(ended.output)["counts"]["sent"] == 1


def test_a_table_keeps_wide_and_combining_characters_in_line():
    rows = [("TO", "SUBJECT"), ("漢字", "x"), ("e\N{COMBINING ACUTE ACCENT}", "y")]

    lines = table(rows)

    assert lines == ["TO    SUBJECT", "漢字  x", "e\N{COMBINING ACUTE ACCENT}     y"]


def test_a_table_shortens_the_widest_of_its_last_columns_first():
    rows = [("a" * 30, "b" * 12, "c" * 30, "d" * 20)]

    [line] = table(rows, width=76)

    assert line == f"{'a' * 30}  {'b' * 12}  {'c' * 13}…  {'d' * 13}…"


def test_a_table_shortens_no_column_beyond_recognition():
    rows = [("a" * 30, "b" * 30, "c" * 30, "d" * 30)]

    [line] = table(rows, width=20)

    assert line == f"{'a' * 30}  {'b' * 7}…  {'c' * 7}…  {'d' * 7}…"
