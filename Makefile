# Every target brings what it needs: the set-up does nothing, and needs no network, when all of it is there.
# The work is done by tools/setup.py and by `kokunai`; CI (.ci/run) and the README call these same targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Further arguments: make test ARGS="-k edge", make rehearse ARGS="onprem"
ARGS :=

.PHONY: help setup venv rehearse down check test test-slow test-all lint fmt bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## everything a rehearsal needs: .venv, .toolchain, HAProxy (once; 21 minutes on two busy cores, then nothing)
	@$(if $(PYTHON),,echo "set-up: Python 3.11 is needed and no python3 is on PATH" >&2; exit 2;) $(PYTHON) tools/setup.py

venv: ## .venv only: enough for `make check` and `make lint`
	@$(if $(PYTHON),,echo "set-up: Python 3.11 is needed and no python3 is on PATH" >&2; exit 2;) $(PYTHON) tools/setup.py --python-only

rehearse: setup ## bring all four sites up on this machine
	@$(BIN)/kokunai rehearse up $(ARGS)

down: venv ## end the rehearsal and everything it started
	@$(BIN)/kokunai rehearse down

check: venv ## judge all stacks by all rules: no engine, no credentials, no network
	@$(BIN)/kokunai check $(ARGS)

test: setup ## the tests that take seconds each
	@$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-slow: setup ## the long ones only
	@$(BIN)/python -m pytest -m slow $(ARGS)

test-all: setup ## all tests
	@$(BIN)/python -m pytest $(ARGS)

lint: venv ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd tools && ../$(BIN)/mypy --config-file ../pyproject.toml setup.py setup_steps
	$(BIN)/lint-imports

fmt: venv ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure, and print the figures
	@$(BIN)/python -m bench $(ARGS)

lock: ## for maintainers: requirements.txt anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --generate-hashes --python-version 3.11 --no-header --quiet -o requirements.txt

clean: ## end the rehearsal and remove everything that was made here
	@if [ -d .rehearsal ] && [ -x $(BIN)/kokunai ]; then $(BIN)/kokunai rehearse down; fi
	rm -rf .venv .toolchain .rehearsal .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
