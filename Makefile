# Two commands do everything on a machine with Python 3.11 or newer, make and git: make demo and make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# What builds a release brings packages that slow down others of the toolkit's own, so that it has an environment apart.
RELEASE ?= $(VENV)-release
# Several test processes at once, as many as there are cores.
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo test lint golden docs lock site release-check fuzz bench clean

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

demo: $(VENV)/installed ## onboard a municipality into a temporary folder, without a question
	@folder=$$(mktemp -d) && repository=$$folder/s-hertogenbosch && \
	$(BIN)/signalen new "$$repository" --no-input \
	  --set municipality.code=GM0796 \
	  --set contact.phone="073 615 51 55" \
	  --set contact.email=meldingen@s-hertogenbosch.nl \
	  --set components.dex.enabled=true \
	  --set "dex.connectors=[{type: microsoft, name: Gemeente, tenant: 00000000-0000-0000-0000-000000000000, clientId: 11111111-1111-1111-1111-111111111111}]" \
	  --set "identity.administrators=[beheer@s-hertogenbosch.nl]" \
	  --set repository.url=https://git.example.nl/s-hertogenbosch/signalen.git \
	  --set environments.acceptance.domain=s-hertogenbosch.signalen.dev && \
	echo && echo "Checked and rendered once more:" && \
	$(BIN)/signalen check "$$repository" && $(BIN)/signalen render "$$repository" && \
	echo "Verified with Helm, and stand-ins for the charts:" && \
	$(BIN)/python -m tests.support.standins "$$repository" "$$folder/charts" && \
	$(BIN)/signalen verify "$$repository" --charts "$$folder/charts" && echo "nothing is wrong" && \
	echo && (cd "$$repository" && git ls-files)

test: $(VENV)/tested lint ## lint, types and all tests
	$(BIN)/pytest -n $(WORKERS)

lint: $(VENV)/tested ## style, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

golden: $(VENV)/tested ## write the golden trees anew, where a change is meant
	$(BIN)/pytest -q tests/chart_templates/test_golden.py --update-golden

lock: $(RELEASE)/made ## write anew, by hash, what the toolkit needs (asks the package index)
	$(RELEASE)/bin/python .ci/lock.py

site: $(RELEASE)/made ## build the documentation into build/site
	$(RELEASE)/bin/mkdocs build --strict

release-check: $(RELEASE)/made ## all that can be known of a release before it is one
	$(RELEASE)/bin/python .ci/release_check.py

docs: $(VENV)/installed ## write the reference pages anew
	$(BIN)/python -m signalen_toolkit.cli.reference

fuzz: $(VENV)/tested ## read files that were changed at random, FUZZ_SECONDS (60) for each reader
	$(BIN)/python -m tests.fuzz.fuzz

bench: $(VENV)/tested ## measure the budgets
	$(BIN)/python -m benchmarks.run

clean: ## remove what was made here
	rm -rf $(VENV) $(RELEASE) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

# The versions that CI runs with are pinned in .ci/constraints.txt.
$(VENV)/installed: $(VENV)/bin/python pyproject.toml .ci/constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt --editable '.[verify]'
	@touch $@

$(VENV)/tested: $(VENV)/bin/python pyproject.toml .ci/constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt --editable '.[test,verify,fast,secrets,form]'
	@touch $@ $(VENV)/installed

$(RELEASE)/made: pyproject.toml .ci/constraints.txt
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt --editable '.[form,release]'
	@touch $@
