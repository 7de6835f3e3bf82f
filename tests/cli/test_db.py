"""`quartapp db`: the versions of the tables."""

from __future__ import annotations


def test_a_fresh_file_has_no_tables_until_it_is_upgraded(call):
    before = call("quartapp", "db", "current")
    upgrade = call("quartapp", "db", "upgrade")
    after = call("quartapp", "db", "current")

    assert (before.returncode, upgrade.returncode, after.returncode) == (1, 0, 0)
    assert "run quartapp db upgrade" in before.stdout
    assert "up to date" in after.stdout


def test_upgrading_again_changes_nothing(call):
    call("quartapp", "db", "upgrade")

    again = call("quartapp", "db", "upgrade")

    assert again.returncode == 0
    assert [line.partition(", ")[2] for line in again.stdout.splitlines()] == ["up to date"] * 2


def test_the_apps_and_the_mail_services_tables_are_told_apart(call):
    told = call("quartapp", "db", "upgrade").stdout.splitlines()

    assert [line.partition(":")[0] for line in told] == ["app", "mail"]


def test_a_database_that_cannot_be_reached_is_said_in_one_sentence(call):
    ended = call("quartapp", "db", "current", DATABASE_URL="postgresql://127.0.0.1:1/none")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("the database cannot be reached: ")
    assert ended.stderr.count("\n") == 1
