# Two commands do all the set-up: `make run` and `make test`. See README.md for Windows and uv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The files are resolved already: pip only fetches, checks and lays down what they name.
HASHED := $(PIP) --no-deps --require-hashes -r
PROJECT := $(PIP) --no-deps --no-build-isolation -e .

.PHONY: run test check bench lock clean

run: $(VENV)/.run
	$(BIN)/yuqing demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.bench
	$(BIN)/yuqing bench all

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python requirements/run.txt pyproject.toml
	$(HASHED) requirements/run.txt
	$(PROJECT)
	touch $@

$(VENV)/.dev: $(BIN)/python requirements/dev.txt pyproject.toml
	$(HASHED) requirements/dev.txt
	$(PROJECT)
	touch $@

$(VENV)/.bench: $(BIN)/python requirements/bench.txt pyproject.toml
	$(HASHED) requirements/bench.txt
	$(PROJECT)
	touch $@

# Resolve anew and write the hashes. Needs uv (pip install uv).
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-annotate pyproject.toml --extra build
lock:
	$(COMPILE) -o requirements/run.txt
	$(COMPILE) --extra dev -o requirements/dev.txt
	$(COMPILE) --extra dev --extra bench --extra apprise -o requirements/bench.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
