# Fangpin: every command of the project. `make` alone explains them.
# Needs Python 3.11, make and a C library; everything else is installed into .venv from requirements.lock.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.fangpin-ready
MEMBERS := libs/common services/ledger services/claims
PROJECTS := $(MEMBERS:%=%/pyproject.toml)
# The cache lies in .venv too: nothing is written outside the checkout, and hard links make it cost no space.
UV := UV_NO_CONFIG=1 UV_PYTHON_DOWNLOADS=never UV_CACHE_DIR=$(VENV)/.uv-cache $(BIN)/uv
CODE := libs services deploy tests

.PHONY: help
help: ## print this page
	@printf 'Fangpin. Usage: make <command>\n\n'
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- what is installed ---------------------------------------------------------------------------

.PHONY: setup
setup: $(STAMP) ## install what is missing into .venv, from the hash-pinned lock
	@:

# uv itself is one of the lock's packages: pip installs exactly that build (hashes checked), uv the rest.
$(STAMP): requirements.lock $(PROJECTS)
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "make: $(PYTHON) is not on PATH; install Python 3.11 or set PYTHON=" >&2; exit 2; }
	@echo "setup: bringing $(VENV) to what requirements.lock says" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) >&2
	@awk '/^uv==/ {on=1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.lock >&2
	@$(UV) pip sync -q --compile-bytecode --require-hashes --python $(BIN)/python requirements.lock >&2
	@$(UV) pip install -q --python $(BIN)/python --no-deps $(MEMBERS:%=-e ./%) >&2
# Compiled once here: where Python may not write its own cache, each process would compile everything again for seconds.
	@$(BIN)/python -m compileall -q -j 0 $(CODE) >&2
	@touch $@

.PHONY: lock
lock: $(STAMP) ## resolve requirements.lock anew (UPGRADE=1 takes the newest versions)
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  $(if $(UPGRADE),--upgrade) --no-emit-package fangpin-common --no-emit-package fangpin-ledger \
	  --no-emit-package fangpin-claims pyproject.toml --group dev -o requirements.lock

.PHONY: clean
clean: ## remove .venv, caches and ALL local data (databases, keys, logs)
	@test ! -x $(BIN)/python || $(BIN)/python -m deploy.local clean
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find libs services deploy tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- running ---------------------------------------------------------------------------------------

.PHONY: run
run: $(STAMP) ## start database, both services and the worker, load the demo book; Ctrl-C stops (VERBOSE=1 shows every log line)
	@exec $(BIN)/python -m deploy.local run $(if $(VERBOSE),--verbose)

.PHONY: token
token: export WHO := $(WHO)
token: export BOOK := $(BOOK)
token: export SUB := $(SUB)
token: export PLACE := $(PLACE)
token: $(STAMP) ## print one development token: make -s token WHO=officer [BOOK=610923] [SUB=li-2] [PLACE=610923100]
	@exec $(BIN)/python -m deploy.local.token

.PHONY: migrate
migrate: $(STAMP) ## bring both databases to the newest migration (make run does it too)
	@exec $(BIN)/python -m deploy.local migrate

# ---- proving ---------------------------------------------------------------------------------------

.PHONY: test
test: $(STAMP) ## every test that fits in 20 minutes on two cores (SEED=7 draws other examples)
	@exec $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not long' -q $(if $(SEED),--hypothesis-seed=$(SEED)) $(ARGS)

.PHONY: test-long
test-long: $(STAMP) ## the long runs
	@exec $(BIN)/pytest -m long -q $(ARGS)

.PHONY: bench
bench: $(STAMP) ## the benchmarks, as ratios to pgbench on the same server in the same run
	@exec $(BIN)/python -m tests.bench $(ARGS)

.PHONY: check
check: $(STAMP) ## format, lint, types, import rules, migrations drift, OpenAPI drift, lock
	@echo "check: format" && $(BIN)/ruff format --check -q $(CODE)
	@echo "check: lint" && $(BIN)/ruff check -q $(CODE)
	@echo "check: types" && $(BIN)/mypy $(CODE)
	@echo "check: import rules" && $(BIN)/lint-imports --no-cache
	@$(BIN)/python -m deploy.checks lock door migrations openapi

.PHONY: format
format: $(STAMP) ## format the code and mend what lint can mend by itself
	@$(BIN)/ruff format -q $(CODE)
	@$(BIN)/ruff check --fix -q $(CODE)

.PHONY: openapi
openapi: $(STAMP) ## write docs/openapi/*.json anew from the apps
	@exec $(BIN)/python -m deploy.checks openapi --write
