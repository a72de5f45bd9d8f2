# Every target sets up what it needs; a second run finds it in place.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
NPM_DIR := branding/static_src
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Containers often set this; then every process compiles 2,500 modules anew, for seconds.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-real e2e chaos check bench lock css openapi canonical-model shipped clean

help: ## Say what each target does
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-10s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make the virtual environment (the other targets do it by themselves)

$(STAMP): pyproject.toml uv.lock deploy/setup.sh
	@PYTHON=$(PYTHON) VENV=$(VENV) bash deploy/setup.sh
	@touch $@

demo: $(STAMP) ## Two partners at work on sandbox systems (ONCE=1 ends; SYSTEMS=real; SIZE=full: 18,000 records)
	@$(BIN)/python manage.py demo $(if $(ONCE),--once) $(if $(SYSTEMS),--systems $(SYSTEMS)) $(if $(SIZE),--month $(SIZE)) $(if $(PORT),--port $(PORT))

test: $(STAMP) ## The tests that need nothing from outside and kill nothing
	@$(BIN)/pytest -n 2 --dist worksteal --ignore tests/e2e -m "not e2e and not systems and not crash" $(ARGS)

test-real: $(STAMP) ## The main job against real systems, installed from their packages
	@$(BIN)/pytest -m systems $(ARGS)

e2e: $(STAMP) $(NPM_DIR)/node_modules/.ready ## The story in a real browser, with accessibility checks
	@$(BIN)/pytest -m e2e $(ARGS)

chaos: $(STAMP) ## Killed workers, and seeded crash runs: SEEDS=1000 by default, SEED=17 for one
	@$(BIN)/pytest -q -n 2 --dist loadgroup -m crash $(if $(SEED),--seed $(SEED) -k loses_and_doubles tests/chaos,--seeds $(or $(SEEDS),1000)) $(ARGS)

check: $(STAMP) $(NPM_DIR)/node_modules/.ready ## Lint, types, layers, migrations, templates, API schema, built CSS
	@bash deploy/check.sh

bench: $(STAMP) ## Measure: ONLY=name for one; writes bench/results.json
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

lock: ## Lock the dependencies anew
	@$(BIN)/python deploy/lock.py

$(NPM_DIR)/node_modules/.ready: $(NPM_DIR)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install npm"; exit 1; }
	@cd $(NPM_DIR) && npm install --no-save --ignore-scripts --silent && touch node_modules/.ready

css: $(NPM_DIR)/node_modules/.ready ## Build the portal's stylesheet
	@cd $(NPM_DIR) && npm run --silent build

openapi: $(STAMP) ## Write docs/openapi.yaml anew
	@$(BIN)/python manage.py spectacular --urlconf config.urls_admin --file docs/openapi.yaml

canonical-model: $(STAMP) ## Write docs/canonical-model.md anew
	@$(BIN)/python -m mappings.canonical.document > docs/canonical-model.md

shipped: $(STAMP) ## Note what the shipped blueprints and mappings are, for partners' upgrades
	@$(BIN)/python -m syncjobs.shipped

clean: ## Remove what was made here: environment, demo state, caches
	@if [ -x $(BIN)/python ]; then $(BIN)/python manage.py database stop || true; fi
	@rm -rf $(VENV) .livery staticfiles $(NPM_DIR)/node_modules .mypy_cache .ruff_cache .pytest_cache
