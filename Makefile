# Needs only python3 (3.11 or newer) and make: every target sets .venv up by itself.
.DEFAULT_GOAL := help
.PHONY: help demo test unit e2e soak exporters test-thorough scorecard check format screenshots constraints clean

BIN := .venv/bin
READY := .venv/.ready
# Real parts of the end-to-end tests.
REAL := prometheus curl victoria-metrics faketime ssh sshd redis-server prometheus-redis-exporter prometheus-node-exporter
EXPORTED := nginx haproxy mariadbd pg_createcluster rabbitmqctl \
    prometheus-nginx-exporter prometheus-postgres-exporter prometheus-mysqld-exporter
# What to run: make test K="fuse and not gap". More words for pytest: make test PYTEST="-x --lf".
K ?=
PYTEST ?=
WORDS = $(if $(K),-k "$(K)") $(PYTEST)
SCORECARD ?= --write docs/scorecard.md

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

$(READY): pyproject.toml constraints.txt .ci/setup.sh
	@PYTHON="$(PYTHON)" sh .ci/setup.sh

demo: $(READY) ## the console on a simulated release that goes bad (plain lines without a terminal)
	@sh .ci/demo.sh

# Real parts must be there: a test on them that silently did not run is worth nothing.
test e2e: export AFTERGREEN_REQUIRE_REAL = 1

test: $(READY) ## every test, those on a real Prometheus too (fetched where that can be); K=WORD: what matches
	@sh .ci/tools.sh $(REAL)
	@$(BIN)/python .ci/test.py $(WORDS)

unit: $(READY) ## the tests that need nothing but Python
	@$(BIN)/python .ci/test.py --unit $(WORDS)

e2e: $(READY) ## the tests on real parts only
	@sh .ci/tools.sh $(REAL)
	@$(BIN)/python .ci/test.py --e2e $(WORDS)

soak: $(READY) ## fifty times eight consoles that order one rollback at once, ten without a person, all faults (minutes)
	AFTERGREEN_ROUNDS=50 $(BIN)/python -m pytest tests/e2e/test_many_consoles.py $(WORDS)
	AFTERGREEN_ROUNDS=10 $(BIN)/python -m pytest tests/e2e/test_automatic_together.py $(WORDS)
	AFTERGREEN_FAULTS=all $(BIN)/python -m pytest tests/e2e/test_faults.py $(WORDS)

exporters: $(READY) ## every exporter that Debian has, live beside its server, as init recognises it
	@sh .ci/tools.sh $(REAL) $(EXPORTED)
	AFTERGREEN_EXPORTERS=all AFTERGREEN_REQUIRE_REAL=1 $(BIN)/python -m pytest tests/e2e/test_exporters.py $(WORDS)

test-thorough: $(READY) ## every property on a thousand examples and more (some minutes)
	$(BIN)/python -m pytest tests/properties tests/unit -n auto --hypothesis-profile=thorough $(WORDS)

scorecard: $(READY) ## how often healthy releases are rolled back, and how soon bad ones (an hour or two)
	$(BIN)/python -m tests.benchmarks.scorecard $(SCORECARD)

check: $(READY) ## lint, formatting, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy screenshots/make.py
	$(BIN)/lint-imports

format: $(READY) ## format the code and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(READY) ## the pictures in screenshots/, taken from the real console
	$(BIN)/python screenshots/make.py

constraints: $(READY) ## constraints.txt anew, from the newest versions that pyproject.toml allows
	sh .ci/constraints.sh

clean: ## remove .venv and everything else that was made
	rm -rf .venv build dist test-output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
