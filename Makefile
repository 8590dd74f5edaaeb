# `make demo` and `make test` need Python 3.11 or newer (with venv) and make, and nothing else.
# ARGS reaches the command: make demo ARGS="--exit", make test ARGS="-k writer".
# One tier of tests: make test ARGS="-m unit", ARGS="-m 'integration and not browser'"; one process: ARGS="-n 0".
# SERVERS says which servers the tests run on: auto, environment, containers or embedded (docs/containers.md).
PYTHON ?= python3
SERVERS ?= auto
FUZZ_SECONDS ?= 60
PIP := .venv/bin/python -m pip --disable-pip-version-check --quiet
.DEFAULT_GOAL := help

.PHONY: help install frontend spark demo warm test test-containers test-image image openapi client-models test-faults test-alerts test-forms test-hostile test-poison test-history test-imports test-late test-spark test-record fuzz fuzz-api lint format \
	types drift check lock audit clean

help: ## Lists these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

install: .venv/.kernels ## Makes .venv and installs what the lock names, hashes checked

frontend: .venv/.installed ## Fetches the pages' locked npm packages, with Node from a wheel; `install` does it too
	@.venv/bin/python -m frontend.build $(ARGS)

demo: .venv/.kernels ## Everything from nothing to an explained score
	.venv/bin/aml demo $(ARGS)

spark: .venv/.kernels requirements-spark.lock ## Installs the engine spark into .venv (450 MB, about a minute), hashes checked
	@$(PIP) install --require-hashes -r requirements-spark.lock

warm: .venv/.installed ## Builds the JVM caches of this machine once, for faster starts
	.venv/bin/aml warm

test: .venv/.installed-dev .venv/.kernels ## All tests that this machine can run, on real servers; says what it skips
	.venv/bin/python -m pytest --servers=$(SERVERS) -n auto $(ARGS)

test-containers: .venv/.installed-dev ## Builds the image, starts the whole stack with Docker and tests it (minutes)
	.venv/bin/python -m pytest tests/containers --stack $(ARGS)

image: ## Builds the image, with its revision (needs Docker)
	docker build --build-arg REVISION=$$(git rev-parse HEAD) --tag aml-risk:local $(ARGS) .

# A project of its own beside a running stack, so that bringing it down at the end takes nothing from that one.
test-image: ## Runs all tests inside the image, on containers that are removed at the end (needs Docker)
	@trap 'docker compose --project-name aml-tests --profile "*" down --volumes' EXIT; trap 'exit 130' INT TERM; \
	docker compose --project-name aml-tests --profile tests run --rm --build tests \
		pytest --servers environment $(ARGS)

openapi: .venv/.installed-dev ## Writes docs/openapi.json and docs/contract; a test checks that they are current
	.venv/bin/aml openapi --out docs/openapi.json --contract docs/contract

client-models: .venv/.installed-dev ## Writes the models of clients/python from docs/openapi.json; a test checks that they are current
	.venv/bin/python clients/python/make_models.py

test-faults: .venv/.installed-dev ## Kills the consumer and its servers over 200 times (half an hour); writes docs/faults.md
	AML_FAULT_ROUNDS=$${AML_FAULT_ROUNDS:-17} .venv/bin/python -m pytest tests/faults \
		tests/e2e/test_supervision.py tests/e2e/test_damaged_graph.py tests/e2e/test_fault_campaign.py $(ARGS)

test-alerts: .venv/.installed-dev ## Kills and cuts off an instance 100 times: its alerts are those of one in peace (half an hour)
	AML_ALERT_FAULTS=$${AML_ALERT_FAULTS:-100} .venv/bin/python -m pytest -n 0 tests/e2e/test_alert_campaign.py $(ARGS)

test-forms: .venv/.installed-dev ## Page, API, report, tables and command line say the same of 200 wallets (three minutes)
	AML_FORMS_WALLETS=200 .venv/bin/python -m pytest -n 0 tests/e2e/test_forms_agree.py $(ARGS)

test-hostile: .venv/.installed-dev ## 500 hostile files for every reader, hostile words for every command and parameter: bounded, or refused in a sentence (an hour)
	AML_HOSTILE_FILES=500 AML_HOSTILE_WORDS=30 AML_HOSTILE_EVERY=1 .venv/bin/python -m pytest \
		tests/unit/files/test_hostile_seeds.py tests/integration/cli/test_hostile_words.py \
		tests/integration/server/test_hostile_requests.py $(ARGS)

test-poison: .venv/.installed-dev ## 100,000 messages, 1 % of them bad in 85 ways: each refused for its reason, the rest stored
	AML_POISON_MESSAGES=100000 .venv/bin/python -m pytest tests/integration/ingest/test_poison.py $(ARGS)

test-imports: .venv/.installed-dev ## Kills imports, undos and the adapter 50 times each: nothing lost, nothing twice
	AML_IMPORT_KILLS=50 .venv/bin/python -m pytest -n 0 tests/integration/cli/test_import_transfers.py \
	  tests/integration/cli/test_undo_import.py tests/integration/adapters/test_ethereum_etl_stream.py $(ARGS)

test-history: .venv/.installed-dev ## 100,000 random events with reorganisations, batch by batch and over Kafka: both stores equal a model
	AML_HISTORY_EVENTS=100000 .venv/bin/python -m pytest -n 0 tests/integration/ingest/test_random_history.py \
	  tests/integration/ingest/test_history_end_to_end.py $(ARGS)

test-spark: .venv/.installed-dev ## The engine spark: 300,000 transfers with a hub, the world, and 30 failures of a cluster (an hour)
	AML_SPARK_KILLS=$${AML_SPARK_KILLS:-30} AML_SPARK_TRANSFERS=$${AML_SPARK_TRANSFERS:-300000} \
	  .venv/bin/python -m pytest -n 0 tests/integration/spark $(ARGS)

test-record: .venv/.installed-dev ## Kills exports of the record 30 times: the manifest never names what is not whole
	AML_EXPORT_KILLS=30 .venv/bin/python -m pytest -n 0 tests/integration/record_files $(ARGS)

test-late: .venv/.installed-dev ## One late transfer before 1,000,000 later ones: memory stays below 500 MB
	AML_LATE_TRANSFERS=1000000 .venv/bin/python -m pytest tests/integration/ingest/test_late_transfers.py $(ARGS)

fuzz: .venv/.installed-dev ## Feeds the readers of untrusted input with what a coverage-guided fuzzer thinks up (FUZZ_SECONDS=60 each)
	AML_FUZZ_SECONDS=$(FUZZ_SECONDS) .venv/bin/python -m pytest -s tests/fuzz $(ARGS)

fuzz-api: .venv/.installed-dev ## Asks every operation of the API 100 times (AML_API_CASES) and holds the answers to its document
	AML_API_CASES=$${AML_API_CASES:-100} .venv/bin/python -m pytest -n 0 tests/integration/api/test_schemathesis.py $(ARGS)

lint: .venv/.installed-dev ## ruff, its format, and the rules of who imports whom
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-logo

types: .venv/.installed-dev ## mypy --strict
	.venv/bin/mypy

drift: .venv/.installed-dev ## Do the migrations make exactly the tables of app/stores/models.py?
	.venv/bin/python -m pytest -q --servers=$(SERVERS) tests/integration/stores/test_migrations.py

check: lint types drift test ## Everything that CI runs

format: .venv/.installed-dev ## Writes the format
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: .venv/.installed-dev ## Renews the locks (needs uv); they hold names, versions and hashes, no addresses
	uv pip compile pyproject.toml --generate-hashes --python-version 3.11 --universal --upgrade --quiet \
		--no-header --no-emit-index-url --no-emit-find-links \
		--extra embedded --extra build -o requirements.lock
	uv pip compile pyproject.toml --generate-hashes --python-version 3.11 --universal --quiet \
		--no-header --no-emit-index-url --no-emit-find-links -c requirements.lock -o requirements-image.lock
	uv pip compile pyproject.toml --generate-hashes --python-version 3.11 --universal --quiet \
		--no-header --no-emit-index-url --no-emit-find-links \
		--extra embedded --extra build --extra dev -c requirements.lock -o requirements-dev.lock
	uv pip compile pyproject.toml --generate-hashes --python-version 3.11 --universal --quiet \
		--no-header --no-emit-index-url --no-emit-find-links \
		--extra embedded --extra build --extra spark -c requirements-dev.lock -o requirements-spark.lock
	uv pip compile --group pyproject.toml:clients --generate-hashes --python-version 3.11 --universal --upgrade --quiet \
		--no-header --no-emit-index-url --no-emit-find-links -o requirements-clients.lock
	uv pip compile --group pyproject.toml:audit --generate-hashes --python-version 3.11 --universal --upgrade --quiet \
		--no-header --no-emit-index-url --no-emit-find-links -o requirements-audit.lock

# requirements-dev.lock holds what the other two hold.
audit: .venv/audit/.installed ## Asks whether anything that is locked is known to be unsafe (needs the network, and npm)
	for lock in requirements-dev.lock requirements-clients.lock requirements-audit.lock; do \
		.venv/audit/bin/pip-audit --require-hashes --disable-pip --requirement $$lock $(ARGS) || exit 1; done
	npm --prefix frontend audit --package-lock-only

clean: ## Removes .venv and caches; `aml down --wipe` removes an instance's data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is older or absent. Try: make PYTHON=python3.12 …" >&2; exit 3; }
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "$(PYTHON) cannot make virtual environments: install its venv module." >&2; exit 3; }

.venv/.installed: requirements.lock pyproject.toml frontend/package-lock.json | .venv/bin/python
	@echo "Installing the locked packages into .venv (about a minute, once) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@.venv/bin/python -m frontend.build || true # said why; everything but the explorer and /docs works without
	@touch $@

.venv/.kernels: $(wildcard app/ledger/*.py) .venv/.installed
	@echo "Compiling the ledger engine (about ten seconds, once) ..."
	@.venv/bin/python -m app.cli compile-kernels || true # a run compiles what is not there
	@touch $@

.venv/audit/.installed: requirements-audit.lock | .venv/bin/python
	@.venv/bin/python -m venv .venv/audit
	@.venv/audit/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-audit.lock
	@touch $@

.venv/clients/.installed: requirements-clients.lock | .venv/bin/python
	@.venv/bin/python -m venv .venv/clients
	@.venv/clients/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-clients.lock
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed .venv/clients/.installed
	@echo "Installing the locked test tools into .venv ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@.venv/bin/python -m frontend.build --dev || true # tests that need it are skipped, and say so
	@touch $@
