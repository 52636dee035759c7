# Two commands do all the set-up: `make run` and `make test`. See README.md for Windows and uv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PIN := -c constraints.txt

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

# The build backend comes first, pinned like the rest, so that nothing is fetched behind our back.
$(VENV)/.backend: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) $(PIN) hatchling editables
	touch $@

$(VENV)/.run: $(VENV)/.backend pyproject.toml
	$(PIP) $(PIN) --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.backend pyproject.toml
	$(PIP) $(PIN) --no-build-isolation -e '.[dev]'
	touch $@

$(VENV)/.bench: $(VENV)/.backend pyproject.toml
	$(PIP) $(PIN) --no-build-isolation -e '.[dev,bench]'
	touch $@

# Resolve anew and write the hashes. Needs uv (pip install uv).
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --all-extras pyproject.toml -o constraints.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
