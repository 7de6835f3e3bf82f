# The front door for contributors; the README's two commands need none of it.
.DEFAULT_GOAL := help
.PHONY: help run test fast check fix bench

bin := .venv/bin
installed := .venv/installed
bench-installed := .venv/installed-bench
source := quartapp tests benchmarks examples
# What neither waits nor starts a process: settings, addresses, messages, tables of decisions.
quick := tests/settings tests/config tests/mail/message tests/mail/outbox tests/mail/test_settings.py \
	tests/mail/delivery/test_retry.py tests/docs

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 8

run: $(installed)  ## serve the demo at http://127.0.0.1:5000
	FLASKY_ADMIN=$${FLASKY_ADMIN:-you@example.com} $(bin)/quartapp run

test: $(installed)  ## run all tests
	$(bin)/python -m pytest

fast: $(installed)  ## run the tests that take less than a minute together
	$(bin)/python -m pytest -k "not postgres" $(quick)

check: $(installed)  ## ruff, mypy and import-linter, as CI runs them
	$(bin)/ruff format --check $(source)
	$(bin)/ruff check $(source)
	$(bin)/mypy
	$(bin)/lint-imports

fix: $(installed)  ## format, and repair what ruff can repair
	$(bin)/ruff format $(source)
	$(bin)/ruff check --fix $(source)

bench: $(bench-installed)  ## measure beside the peers; about an hour
	$(bin)/python -m benchmarks

$(installed): pyproject.toml
	python3 -m venv .venv
	$(bin)/pip install -q -e '.[dev]'
	touch $@

$(bench-installed): $(installed)
	$(bin)/pip install -q -e '.[bench]'
	touch $@
