# Everything starts here. A machine needs Python 3.11 or newer, make and a package index; the rest is made in .venv.
.DEFAULT_GOAL := help
.PHONY: help run test check bench pictures lock clean

# Looked for only while there is no .venv; or name one: make PYTHON=/path/to/python.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
LOCKS := requirements.lock requirements-dev.lock

# The tests' environment holds all that running needs: once it is there, `make run` must not shrink it again.
RUNNABLE := $(or $(wildcard .venv/.dev),.venv/.run)

help:  ## this list
	@awk -F ':.*  ## ' '/^[a-z]+:.*  ## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: $(RUNNABLE)  ## start everything at http://127.0.0.1:8000
	@exec $(BIN)/webinars run $(ARGS)

test: .venv/.dev  ## the whole suite on all cores; a part of it: make test ARGS="tests/rules -k reminder"
	@$(BIN)/python tools/prepare_tests.py
	@$(BIN)/pytest $(or $(ARGS),--numprocesses auto --dist worksteal)

check: .venv/.dev  ## lint, format, types, import contracts, locks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@for lock in $(LOCKS); do grep -q "(dependencies $(FINGERPRINT))" $$lock || { \
		echo "$$lock does not fit the dependencies in pyproject.toml: run make lock" >&2; exit 1; }; done

bench: .venv/.dev  ## the benchmarks, as ratios against limits measured in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

pictures: .venv/.dev  ## the pictures of the documents anew, from the demo in a real browser
	@$(BIN)/python tools/prepare_tests.py
	@$(BIN)/python -m tools.take_pictures $(ARGS)

lock: $(BIN)/uv  ## fit the locks to pyproject.toml; the newest of everything: make lock ARGS=--upgrade
	@$(COMPILE) $(ARGS) --output-file requirements.lock
	@$(COMPILE) $(ARGS) --output-file requirements-dev.lock --group dev --constraint requirements.lock

clean:  ## remove the environment and all caches; var/ with its data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find webinars api scheduler tests tools benchmarks -name __pycache__ -prune -exec rm -rf {} +

# --- The environment. A stamp older than its lock is made again.

.venv/.run: requirements.lock pyproject.toml | $(BIN)/uv
	$(install)

.venv/.dev: requirements-dev.lock pyproject.toml | $(BIN)/uv
	$(install)

# The backend that builds the project is pinned with its hash in the dev lock.
define install
	@echo "Installing $< into .venv"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes $<
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --build-constraints requirements-dev.lock --editable .
	@touch $@
endef

# pip installs one thing, uv, and that by its hash; uv installs the rest.
$(BIN)/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "$(PYTHON) is not Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make environments: install its venv module (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > .venv/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.lock

# --- The locks. Their head names what they were made from, so that `make check` needs no network to judge them.

COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock (dependencies $(FINGERPRINT))"
FINGERPRINT = $(shell $(BIN)/python -c 'import hashlib, json, pathlib, tomllib; \
	facts = tomllib.loads(pathlib.Path("pyproject.toml").read_text(encoding="utf-8")); \
	facts = [facts["project"]["requires-python"], facts["project"]["dependencies"], facts["dependency-groups"], facts["build-system"]]; \
	print(hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16])')
