SHELL := /bin/bash
PYTHON ?= python3
UV_VERSION := 0.9
BIN := .venv/bin
export DO_NOT_TRACK := 1
# Python keeps what it compiled: starting dbt and Airflow is otherwise half of the time.
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(CURDIR)/$(BIN):$(PATH)
DEMO_PEOPLE ?= 2500
DEMO_DAYS ?= 90
DEMO_SEED ?= 7

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long lint format bench bench-large up manifest lock system-deps clean

help: ## List what make can do.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/.installed: requirements.lock pyproject.toml
	@echo "Setting up the environment in .venv ..."
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Sojourn needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.11 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=$(UV_VERSION)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

setup: .venv/.installed ## Make the Python environment (the other targets do it themselves).

manifest: setup
	@sojourn manifest

demo: setup ## Simulate a brand, run the DAGs end to end on DuckDB, and show what came out.
	@python -m sojourn.demo --people $(DEMO_PEOPLE) --days $(DEMO_DAYS) --seed $(DEMO_SEED)

lint: setup
	@ruff format --check . && ruff check . && mypy && SOJOURN_DUCKDB_PATH=:memory: sqlfluff lint --processes 2 --nocolor --disable-progress-bar models tests/dbt

format: setup ## Format Python and SQL.
	@ruff format . && ruff check --fix . && SOJOURN_DUCKDB_PATH=:memory: sqlfluff fix --nocolor --disable-progress-bar models tests/dbt

test: lint ## Check style and types, and run all tests.
	@pytest -n 2 --dist loadfile --no-loadscope-reorder

test-long: lint ## The same with more days, more kills and more cases.
	@pytest -n 2 --dist loadfile --no-loadscope-reorder -m "long or not long"

bench: setup ## Measure time, memory and growth on each engine, beside limits and peers.
	@uv pip install --quiet --python $(BIN)/python --group bench || echo "Goes on without that peer."
	@python -m bench --history
	@python -m bench.graph
	@python -m bench.attribution
	@test ! -d ../shared/data/cdnow || python -m bench.customer_value ../shared/data/cdnow

bench-large: setup ## The same at ten times the size; goes on where it was stopped.
	@python -m bench --large --resume --memory-gb 8

up: setup manifest ## Start Airflow with its web interface on this machine.
	@python -m sojourn.airflow.services

lock: setup ## Resolve the dependencies anew.
	@uv pip compile --quiet pyproject.toml --extra spark --extra matching --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -o requirements.lock

system-deps: ## Optional: Chromium (page test) and Java (Spark) from the system's packages.
	@.ci/system-deps

clean: ## Remove what runs left behind (not the environment).
	@rm -rf var target logs
