# Each target installs what it needs from the hash-locked requirements. Needs Python 3.11 or newer, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(PYTHON) -I .github/scripts/install.py $(VENV)
DEMO_DB := .reconciler/demo.sqlite3
# A folder, a file or one test: make test T=tests/apply K="throttled and not update"
T ?= tests
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal $(T) $(if $(K),-k "$(K)")
# make test COVERAGE=1 measures the branch coverage too; it fails below what pyproject.toml requires
COV := $(if $(COVERAGE),--cov --cov-report=term)
SOURCES := reconciler tests benchmarks .github

# The tests start hundreds of Python processes: without bytecode each would compile the same modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-thorough faults bench lint check lock clean golden
.DEFAULT_GOAL := check

$(VENV)/.runtime: requirements.txt requirements-uv.txt pyproject.toml
	@$(INSTALL) requirements.txt --editable
	@touch $@

# The requirements for development contain those of the runtime.
$(VENV)/.dev: requirements-dev.txt requirements-uv.txt pyproject.toml
	@$(INSTALL) requirements-dev.txt --editable
	@$(BIN)/python -m pip --disable-pip-version-check check
	@touch $(VENV)/.runtime $@

demo: $(VENV)/.runtime ## plan and apply the worked example on the embedded Graph, check its Logic Apps, plan again
	@$(BIN)/reconciler sandbox reset --sandbox-db $(DEMO_DB)
	$(BIN)/reconciler plan --sandbox --sandbox-db $(DEMO_DB)
	$(BIN)/reconciler apply --sandbox --sandbox-db $(DEMO_DB) --auto-approve
	-$(BIN)/reconciler preflight --sandbox --sandbox-db $(DEMO_DB)
	$(BIN)/reconciler plan --sandbox --sandbox-db $(DEMO_DB) --detailed-exitcode

test: $(VENV)/.dev ## quick: every behaviour once
	@rm -f .coverage .coverage.*
	$(PYTEST) -m "not thorough" $(COV)

test-thorough: $(VENV)/.dev ## what the quick tests leave out: further cases, and more examples of each property
	$(PYTEST) -m "thorough or hypothesis" --hypothesis-profile=thorough

faults: $(VENV)/.dev ## every fault at every step of a run, and what becomes of the change
	$(BIN)/python -m pytest -q -rN tests/faults --fault-table

bench: $(VENV)/.dev ## speed compared with peers and with the minimum; 15 minutes, on an otherwise idle machine
	$(BIN)/python -m benchmarks

lint: $(VENV)/.dev ## every other gate
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/interrogate -q reconciler
	$(BIN)/zizmor --offline --no-progress --quiet --persona pedantic .github action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

check: lint test

golden: $(VENV)/.dev ## write the rendered examples again after an intended change of output
	RENEW_GOLDEN=1 $(BIN)/python -m pytest -q tests/render tests/cli tests/faults tests/export

COMPILE := $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
lock: $(VENV)/.dev ## resolve the requirement files again from pyproject.toml
	$(COMPILE) pyproject.toml --group build -o requirements.txt --upgrade
	$(COMPILE) pyproject.toml --group build --group dev -o requirements-dev.txt -c requirements.txt --upgrade
	grep '^uv==' requirements-dev.txt | cut -d' ' -f1 | $(COMPILE) --no-annotate - -o requirements-uv.txt

clean:
	rm -rf $(VENV) .reconciler .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
