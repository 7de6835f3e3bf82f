"""`quartapp mail retry` and `cancel`, on a real outbox with a message in each state."""

from __future__ import annotations

import asyncio
import json

import pytest

from quartapp.mail import message_cancelled


async def states(quartapp) -> dict[str, str]:
    """The state of each message by its id."""
    ended = await quartapp.run("mail", "list", "--json")
    return {message["id"]: message["status"] for message in json.loads(ended.output)}


async def test_retry_as_a_process_makes_a_failed_message_due_again(call, quartapp, filled):
    ended = await asyncio.to_thread(call, "quartapp", "mail", "retry", filled["failed"])

    assert (ended.returncode, ended.stdout) == (0, "Queued 1 message again.\n")
    assert (await states(quartapp))[filled["failed"]] == "queued"


async def test_a_message_that_was_retried_goes_out_where_messages_are_delivered(
    quartapp, filled, server, serve
):
    server.clear()

    await quartapp.run("mail", "retry", filled["failed"])

    async with serve() as mail:
        done = await mail.wait(filled["failed"], timeout=30)
    assert done.status == "sent"
    assert server.messages[-1].recipients == ("nobody@example.com",)


async def test_retry_all_takes_what_failed_and_what_is_uncertain(quartapp, filled):
    ended = await quartapp.run("mail", "retry", "--all")

    after = await states(quartapp)
    assert "Queued 2 messages again.\n" in ended.output
    assert (after[filled["failed"]], after[filled["uncertain"]]) == ("queued", "queued")


async def test_retry_all_takes_one_state_where_it_is_named(quartapp, filled):
    ended = await quartapp.run("mail", "retry", "--all", "--status", "uncertain")

    after = await states(quartapp)
    assert "Queued 1 message again.\n" in ended.output
    assert (after[filled["failed"]], after[filled["uncertain"]]) == ("failed", "queued")


async def test_cancel_as_a_process_stops_a_message(call, quartapp, filled):
    ended = await asyncio.to_thread(call, "quartapp", "mail", "cancel", filled["later"])

    assert (ended.returncode, ended.stdout) == (0, "Cancelled 1 message.\n")
    assert (await states(quartapp))[filled["later"]] == "cancelled"


async def test_receivers_are_told_of_a_cancelled_message_before_the_command_ends(quartapp, filled):
    heard = []

    async def hear(_app, delivery):
        await asyncio.sleep(0.1)
        heard.append((delivery.id, delivery.status))

    with message_cancelled.connected_to(hear):
        await quartapp.run("mail", "cancel", filled["later"])

    assert heard == [(filled["later"], "cancelled")]


async def test_cancel_all_stops_every_message_that_is_still_to_be_sent(quartapp, filled):
    ended = await quartapp.run("mail", "cancel", "--all")

    after = await states(quartapp)
    assert "Cancelled 2 messages.\n" in ended.output
    assert (after[filled["later"]], after[filled["queued"]]) == ("cancelled", "cancelled")
    assert after[filled["sent"]] == "sent"


@pytest.mark.parametrize(
    ("command", "state"), [("retry", "failed"), ("cancel", "later"), ("cancel", "sent")]
)
async def test_who_did_it_is_logged_in_one_line(quartapp, filled, command, state):
    ended = await quartapp.run("mail", command, filled[state])

    [line] = [line for line in ended.output.splitlines() if "quartapp.audit" in line]
    assert f"at the terminal: {command} of " in line


@pytest.mark.parametrize(("command", "state"), [("retry", "sent"), ("cancel", "failed")])
async def test_where_nothing_can_be_changed_it_ends_with_1(quartapp, filled, command, state):
    ended = await quartapp.run("mail", command, filled[state])

    assert ended.exit_code == 1
    assert ended.output.endswith(f"Nothing to {command}.\n")


async def test_an_unknown_id_among_others_changes_nothing(quartapp, filled):
    ended = await quartapp.run("mail", "retry", filled["failed"], "unknown")

    assert (ended.exit_code, ended.output) == (1, "No message with id unknown.\n")
    assert (await states(quartapp))[filled["failed"]] == "failed"


@pytest.mark.parametrize(
    "command",
    [["retry"], ["cancel"], ["retry", "x", "--all"], ["retry", "x", "--status", "failed"]],
)
async def test_messages_must_be_named_or_all_of_them_meant(quartapp, command):
    ended = await quartapp.run("mail", *command)

    assert ended.exit_code == 2
    assert "--all" in ended.output


@pytest.mark.parametrize(("answer", "code", "state"), [("y", 0, "queued"), ("n", 1, "failed")])
async def test_on_a_terminal_it_asks_first_and_says_how_many(
    sit_down, quartapp, filled, answer, code, state
):
    person = sit_down("quartapp", "mail", "retry", "--all")

    await asyncio.to_thread(person.see, r"Retry 2 messages\? \[y/N\]: ")
    person.type(f"{answer}\r")

    assert await asyncio.to_thread(person.end) == code
    assert (await states(quartapp))[filled["failed"]] == state


async def test_on_a_terminal_yes_is_said_beforehand(sit_down, filled):
    person = sit_down("quartapp", "mail", "cancel", "--all", "--yes")

    await asyncio.to_thread(person.see, "Cancelled 2 messages")

    assert person.end() == 0
