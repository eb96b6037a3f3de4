# Bodega: `make` prints this help.
UV_VERSION := 0.13.8
DATA := $(or $(BODEGA_DATA_DIR),.bodega)
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --frozen --no-sync
ENVIRONMENT := .venv/.synced

# Without bytecode every process compiles all that it imports, at every start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up start stop reset test lint format bench soak test-spark clean

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1mmake %-8s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(ENVIRONMENT) ## Install, start everything, seed a shop, print the URLs; Ctrl-C stops it
	@exec $(RUN) bodega up

start: $(ENVIRONMENT) ## The same in the background
	@$(RUN) bodega up --detach

stop: $(ENVIRONMENT) ## Stop what `make start` started
	@$(RUN) bodega down

reset: $(ENVIRONMENT) ## Throw the shop's data away (asks first)
	@$(RUN) bodega reset

test: $(ENVIRONMENT) ## The whole suite, in parallel, from a clean clone too
	@$(RUN) python -m tests

lint: $(ENVIRONMENT) ## Style, strict types, import contracts
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports

format: $(ENVIRONMENT) ## Format the code
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

bench: $(ENVIRONMENT) ## Every benchmark, with ratios
	@$(RUN) python -m benchmarks

soak: $(ENVIRONMENT) ## Journeys, kills, storms and state machines with large counts
	@BODEGA_SOAK=1 $(RUN) python -m tests --journeys-only

test-spark: $(ENVIRONMENT) ## The dbt project on a local Spark, every gold table compared (minutes; needs Java 17)
	@UV_PROJECT_ENVIRONMENT=.venv-spark $(UV) sync --frozen --all-extras --group spark
	@.venv-spark/bin/python -m pytest -q -p no:xdist tests/data/engines/test_spark.py

clean: ## Remove the environment and caches; the shop's data stays
	rm -rf .venv .venv-spark .uv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dist

$(ENVIRONMENT): pyproject.toml uv.lock | $(if $(findstring .uv/,$(UV)),.uv/bin/uv)
	@$(UV) sync --frozen --all-extras
	@touch $@

# uv is one wheel from the package index; a plain folder, so that no venv module is needed.
.uv/bin/uv:
	@echo "Fetching uv $(UV_VERSION) ..."
	@python3 -m venv .uv >/dev/null 2>&1 && .uv/bin/python -m pip install --quiet uv==$(UV_VERSION) \
	  || { rm -rf .uv && python3 -m pip install --quiet --target .uv uv==$(UV_VERSION); } \
	  || { echo "Could not install uv: see https://docs.astral.sh/uv/getting-started/installation/" >&2; exit 1; }
