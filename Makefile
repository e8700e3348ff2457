# Every target makes the environment it needs and uses it again when it is there.
#   make demo PYTHON=python3.13     another interpreter
#   make test VENV=/tmp/venv        another place for the environment

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
ARGS ?=
SECONDS ?= 60
COVERAGE ?= yes

# Many tests start programs of ours: without compiled files each start takes three times as long.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint format docs docs-serve bench soak fuzz fit comparison lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

demo: $(VENV)/.demo ## the outage of 18 January 2024, replayed and prevented (under a minute)
	$(BIN)/confguard demo $(ARGS)

test: $(VENV)/.dev ## every test, with branch coverage (without: COVERAGE=no)
ifeq ($(COVERAGE),yes)
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
else
	$(BIN)/python -m pytest $(ARGS)
endif

test-fast: $(VENV)/.dev ## the inner loop: under a minute on two processors, a sample of the rest
	HYPOTHESIS_PROFILE=fast $(BIN)/python -m pytest -m 'not slow' -q -n 4 --dist loadfile $(ARGS)

lint: $(VENV)/.dev ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## put the code in form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## the documentation, built strictly into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

docs-serve: $(VENV)/.dev ## the documentation, live on loopback
	$(BIN)/python -m mkdocs serve

bench: $(VENV)/.dev ## benchmarks: ratios against a named floor, in one run
	$(BIN)/python -m tests.benchmarks $(ARGS)

soak: $(VENV)/.dev ## every fault at every point (ten minutes); servers alone: ARGS=--fleet SECONDS=600
	cd tests && PYTHONPATH=. $(abspath $(BIN))/python -m faults --seconds $(SECONDS) $(ARGS)

fuzz: $(VENV)/.dev ## every reader, guided by coverage: SECONDS=60 each
	$(PIP) install atheris
	for format in toml yaml json jsonc ini env properties; do \
	  PYTHONPATH=tests $(BIN)/python tests/fuzz.py $$format -max_total_time=$(SECONDS) -max_len=600 -verbosity=0 || exit 1; \
	done

fit: $(VENV)/.dev ## the coefficients of the likelihood anew: DATA=commits.jsonl.xz
	$(BIN)/python tests/research/fit_risk.py $(DATA)

comparison: $(VENV)/.dev ## the page that compares diffs of several tools
	$(PIP) install graphtage
	$(BIN)/python docs/comparison.py

lock: $(VENV)/.dev ## choose the development dependencies anew
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-header --no-annotate --group dev --extra all pyproject.toml -o requirements-dev.txt

clean: ## remove what the other targets made
	rm -rf $(VENV) site build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(BIN)/python:
	@echo "Making an environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "confguard needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The demo needs no development tools: it is a newcomer's first two minutes.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "Installing confguard and what the demo needs into $(VENV)"
	$(PIP) install --editable '.[demo]'
	@touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing confguard and the locked development tools into $(VENV)"
	$(PIP) install --requirement requirements-dev.txt
	$(PIP) install --no-deps --editable .
	@touch $@ $(VENV)/.demo
