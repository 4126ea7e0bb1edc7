# Everything a newcomer needs: `make demo` and `make test` set up what they use, from the locked requirements.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
DEMO_DB := .reconciler/demo.sqlite3

.PHONY: demo test faults bench lint check lock clean golden
.DEFAULT_GOAL := check

$(VENV)/.runtime: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --no-deps --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(PIP) install --no-deps --require-hashes -r requirements-dev.txt
	$(PIP) check
	@touch $@

demo: $(VENV)/.runtime ## plan and apply the worked example on the embedded Graph, then plan again
	@$(BIN)/reconciler sandbox reset --sandbox-db $(DEMO_DB)
	$(BIN)/reconciler plan --sandbox --sandbox-db $(DEMO_DB)
	$(BIN)/reconciler apply --sandbox --sandbox-db $(DEMO_DB) --auto-approve
	$(BIN)/reconciler plan --sandbox --sandbox-db $(DEMO_DB) --detailed-exitcode

test: $(VENV)/.dev ## the tests, with branch coverage
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term

faults: $(VENV)/.dev ## every fault at every step of a run, and what becomes of the change
	$(BIN)/python -m pytest -q -rN tests/faults --fault-table

bench: $(VENV)/.dev ## speed beside peers and beside the floor; a quarter of an hour, on an otherwise idle machine
	$(BIN)/python -m benchmarks

lint: $(VENV)/.dev ## every other gate
	$(BIN)/ruff format --check reconciler tests benchmarks .github
	$(BIN)/ruff check reconciler tests benchmarks .github
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/interrogate -q reconciler
	$(BIN)/zizmor --offline --no-progress --quiet --persona pedantic .github action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

check: lint test

golden: $(VENV)/.dev ## renew the rendered examples after a deliberate change of output
	RENEW_GOLDEN=1 $(BIN)/python -m pytest -q tests/render tests/cli tests/faults tests/export

lock: $(VENV)/.dev ## renew both requirement files from pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml --group build -o requirements.txt --upgrade
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml --group build --group dev -o requirements-dev.txt -c requirements.txt --upgrade

clean:
	rm -rf $(VENV) .reconciler .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
