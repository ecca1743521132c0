# Two commands are enough: `make up` starts the product, `make check` proves it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
MEMBERS := libs/contracts libs/runtime libs/web services/intake services/triage services/notify services/audit deploy/local
IMAGES := services/intake services/triage services/notify services/audit deploy/local
NOT_LOCKED := $(foreach m,$(MEMBERS),--no-emit-package tinbao-$(notdir $(m)))
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(NOT_LOCKED)
CODE := libs services deploy tests bench

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The virtual environment follows the lock: a changed lock or member installs anew, else this costs nothing.
.venv/installed: requirements/uv.txt requirements/all.txt $(MEMBERS:=/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tinbao needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.12" % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo 'This Python cannot make virtual environments: install its venv package (Debian: apt-get install python3-venv).'; exit 1; }
	@echo 'Installing what tinbao needs into .venv …'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/all.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix -e ,$(MEMBERS))
	@touch $@

install: .venv/installed ## Install everything into .venv

up: install ## Start the whole product here; Ctrl-C stops it
	@$(BIN)/tinbao up

down: install ## Stop what `make up` started elsewhere
	@$(BIN)/tinbao down

clean: ## Stop it and delete its data, keys and logs
	@if [ -x $(BIN)/tinbao ]; then $(BIN)/tinbao clean; fi

format: install ## Rewrite the code in the house's format
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix-only --quiet $(CODE)

lint: install ## Format, lint, types, import rules, dead dependencies
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	@for m in $(MEMBERS); do echo "deptry $$m"; (cd $$m && $(CURDIR)/$(BIN)/deptry . --no-ansi) || exit 1; done

check: lint ## Lint, then every test, two at a time
	$(BIN)/pytest -n 2 --no-loadscope-reorder

check-containers: install ## Build the images and try docker-compose.yml (needs an engine)
	@$(BIN)/python deploy/compose/check.py

bench: install ## Measure, each beside its bare limit
	$(BIN)/python -m bench

unit: install ## The tests that need no server
	$(BIN)/pytest tests/unit tests/contract

lock: ## Resolve all dependencies again (names no registry)
	$(LOCK) --group dev pyproject.toml -o requirements/all.txt
	@for m in $(IMAGES); do $(LOCK) --constraint requirements/all.txt $$m/pyproject.toml -o requirements/$${m##*/}.txt || exit 1; done
	echo uv | $(LOCK) - -o requirements/uv.txt
	echo setuptools | $(LOCK) - -o requirements/build.txt

.PHONY: help install up down clean format lint check check-containers unit bench lock
