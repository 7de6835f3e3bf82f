"""What the commands about messages say of themselves."""

from __future__ import annotations

import pytest
from click import Context, Option

from quartapp.mail.cli import MODULES, mail_group

COMMANDS = list(MODULES)


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_says_what_it_does_in_more_than_a_line(quartapp, command):
    ended = await quartapp.run("mail", command, "--help")

    assert ended.exit_code == 0
    assert ended.output.startswith(f"Usage: quartapp mail {command} ")
    assert len(ended.output.splitlines()) > 9


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(command):
    group = mail_group(lambda: None)
    found = group.get_command(Context(group), command)
    options = [each for each in found.params if isinstance(each, Option)]

    assert all(option.help for option in options)


@pytest.mark.parametrize("command", COMMANDS)
async def test_the_help_of_the_group_tells_of_every_command(quartapp, command):
    ended = await quartapp.run("mail", "--help")

    assert f"mail {command}" in ended.output
