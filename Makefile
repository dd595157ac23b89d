# Every target makes .venv by itself when it is missing and says nothing when there is nothing to do.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
PORT ?= 8000
DATABASES ?= sqlite,postgresql
JOBS ?= 2
.DEFAULT_GOAL := help

.PHONY: help setup demo test check lint types imports format bench soak screens audit lock messages wheel clean

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv with the locked dependencies and the b24app command

$(STAMP): pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(STAMP)

demo: $(STAMP) ## A local Bitrix24 portal with real deals and the app in it (PORT=8000)
	@$(BIN)/b24app demo --port $(PORT)

# The many processes of the tests read what the first of them has compiled, whatever the environment says.
test: $(STAMP) ## All tests, on SQLite and PostgreSQL (DATABASES=sqlite for one, JOBS=2 at a time)
	@.ci/chromium
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --databases $(DATABASES) --numprocesses $(JOBS)

# Types are the work of one processor: the tests begin meanwhile.
check: lint imports ## What CI runs
	@$(MAKE) --no-print-directory --jobs 2 types test

lint: $(STAMP) ## Style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP) ## Types
	@$(BIN)/mypy

imports: $(STAMP) ## Which room may import which
	@$(BIN)/lint-imports

format: $(STAMP) ## Format the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

bench: $(STAMP) ## Measure; prints a table and writes bench/last.json
	@$(BIN)/python -m bench

soak: $(STAMP) ## Random changes, live against recomputed against a slow reading, and storms (CHANGES=20000 STORMS=5 SEED=)
	@$(BIN)/python -m tests.exactness --changes $(or $(CHANGES),20000) $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m tests.chaos --storms $(or $(STORMS),5) $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m tests.chaos --storms 1 --database postgresql $(if $(SEED),--seed $(SEED))

screens: $(STAMP) ## Take the screenshots of docs/screens anew, from a demo of its own
	@.ci/chromium
	@$(BIN)/python docs/screens/make.py

audit: $(STAMP) ## Look the locked dependencies up among known vulnerabilities, where a service can tell (CI does)
	@$(BIN)/python .ci/audit

lock: $(STAMP) ## Write requirements.lock anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --no-emit-index-url --no-header --universal --python-version 3.11 \
		--extra dev --extra sentry --output-file requirements.lock pyproject.toml

wheel: $(STAMP) ## Build the wheel into dist/
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## Remove everything made here
	@rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
