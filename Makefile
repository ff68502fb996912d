# Two commands on a fresh machine: `make run` and `make test`. Nothing asks a question.
BIN := .venv/bin
PYTEST_WORKERS ?= 2

# Flags of ours must not leak into programs that tests start.
unexport MAKEFLAGS MFLAGS

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests run test check fmt lock bench bench-scale torture trust screenshots clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## prepare .venv in this clone (quick when nothing has changed)
	@scripts/setup

setup-tests: setup ## prepare what the tests need besides: browser, Alertmanager, PostgreSQL
	@scripts/setup-tests

run: setup ## serve on http://127.0.0.1:8080
	@$(BIN)/tocsin serve --data tocsin-data

test: setup-tests ## run all tests; the closing lines name what could not be tested here
	@$(BIN)/pytest -n $(PYTEST_WORKERS)

check: setup ## the quick gate: format, lint, types, import contracts, tidiness, docs
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -q $(wildcard tests/tidy tests/docs)

fmt: setup ## format, and repair what the linter can repair
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

# `make lock` renews requirements.lock from pyproject.toml: bounds that still hold keep their
# version. UPGRADE=1 takes the newest of everything, UPGRADE=name of one package.
UPGRADE ?=
upgrade_flags = $(if $(UPGRADE),$(if $(filter 1,$(UPGRADE)),--upgrade,--upgrade-package $(UPGRADE)))
lock: setup ## renew requirements.lock (UPGRADE=1 for the newest of everything)
	@[ -x build/uv/bin/uv ] || { $(BIN)/python -m venv build/uv && build/uv/bin/pip install -q uv; }
	@env -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS UV_CUSTOM_COMPILE_COMMAND="make lock" \
		build/uv/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --extra dev --no-emit-index-url --no-emit-find-links \
		$(upgrade_flags) pyproject.toml --output-file requirements.lock
	@scripts/setup

bench: setup ## measure (minutes)
	@$(BIN)/python bench/run.py
	@$(BIN)/python bench/pages.py

bench-scale: setup-tests ## measure with 1,000,000 incidents and as many clocks (half an hour, 20 GB)
	@PYTHONPATH=src $(BIN)/python bench/scale.py
	@PYTHONPATH=src $(BIN)/python bench/nodes.py --write

# `make torture SEEDS=100000`: how many nights are simulated; the figures go to trust/figures.
SEEDS ?= 5000
torture: setup-tests ## kill processes and break things on purpose (minutes; SEEDS=N nights)
	@TORTURE_SEEDS=$(SEEDS) $(BIN)/pytest -m torture tests/torture tests/fuzz tests/web/test_every_page.py

trust: setup ## write trust/REPORT.md from the figures that long runs have kept
	@$(BIN)/python scripts/trust.py

screenshots: setup-tests ## take pictures of every page, and the best for the docs
	@$(BIN)/python -m scripts.screenshots

clean: ## remove what setup, tools and tests have made; data stays
	@rm -rf .venv .setup.lock build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
