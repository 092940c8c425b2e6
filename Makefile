# Everything a person or CI runs. `make` alone lists it.
PORT ?= 8000
DATA ?= data
HOST ?= 127.0.0.1
INPUTS ?= 1000000
PYTHON := .venv/bin/python



.PHONY: help run test faults fuzz check fix bench bench-full bench-micro screenshots types clean requirements
.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

run: .venv/run.stamp  ## serve Klatch: make run PORT=8123 DATA=/some/folder HOST=0.0.0.0
	@exec $(PYTHON) -m klatch serve --host "$(HOST)" --port "$(PORT)" --data "$(DATA)"

test: .venv/dev.stamp  ## every test, the browser journeys too
	@bash scripts/test

faults: .venv/dev.stamp  ## the long tier: real processes and engines, broken on purpose
	@.venv/bin/python -m pytest -q -m faults tests/faults tests/security

fuzz: .venv/fuzz.stamp  ## made-up input: make fuzz INPUTS=10000000; hours. What fails is left in build/fuzz
	@$(PYTHON) -m tests.fuzz.run all $(INPUTS)
	@KLATCH_EXAMPLES=1000 $(PYTHON) -m pytest -q tests/server/test_schema.py

check: .venv/dev.stamp  ## lint, format, types, layering, docs, JavaScript
	@bash scripts/check

fix: .venv/dev.stamp  ## format and mend what can be mended by machine
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

bench: .venv/bench.stamp  ## how fast Klatch is beside the tutorial stack: every scenario, briefly
	@$(PYTHON) -m bench

bench-full: .venv/bench.stamp  ## every scenario, every peer, three rounds; writes docs/explanation/performance.md
	@command -v npm >/dev/null && npm install --prefix bench/peers/node --no-package-lock --no-audit --no-fund --silent || echo "No npm: the peers on Node are left out."
	@$(PYTHON) -m bench --full --publish

bench-micro: .venv/bench.stamp  ## what single parts cost: hub, connection, feed, writer, serialize, text
	@$(PYTHON) -m pytest -q -p no:randomly -o addopts= --benchmark-columns=median,iqr,ops bench/micro

screenshots: .venv/dev.stamp  ## the pictures of the README, from the running product
	@$(PYTHON) scripts/screenshots.py

requirements:  ## pin the dependencies again, with hashes
	@bash scripts/requirements

clean:  ## forget the environment; data stays
	rm -rf .venv .tools

.venv/run.stamp: requirements/run.txt pyproject.toml
	@bash scripts/environment run

.venv/dev.stamp: requirements/dev.txt requirements/run.txt pyproject.toml
	@bash scripts/environment dev

.venv/bench.stamp: requirements/bench.txt .venv/dev.stamp
	@bash scripts/environment bench

.venv/fuzz.stamp: requirements/fuzz.txt .venv/dev.stamp
	@bash scripts/environment fuzz
