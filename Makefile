# `make run` and `make test` do all their own set-up; see README.md. Works with GNU make 3.81 (macOS) and later.

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/installed
# Three times the processors of a small machine, because many tests wait. Files keep the order of `testpaths`, which
# names the long ones first: a worker that is left with one at the end would keep everybody waiting.
WORKERS ?= -n 6 --dist loadfile --no-loadscope-reorder
CORPORA ?= $(or $(GATEWAY_CORPORA),../shared/corpora)
SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help run test pytest lint bench soak corpora fuzz screenshots lock clean servers

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMP)  ## play the demo, and keep it running for a mail of your own
	@$(BIN)/gateway demo --stay

test: $(STAMP) servers  ## lint, types, rooms, and every test
	@$(MAKE) --no-print-directory -j 2 lint pytest

pytest: $(STAMP)  # compiled first: where Python may not write bytecode, each of a thousand processes would compile it all again
	@$(BIN)/python -m compileall -q gateway tests
	$(BIN)/python -m pytest $(WORKERS) -m "not soak"

lint: $(STAMP)  ## style, types and the rules between the rooms
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

servers:  # the real mail and database servers that the tests talk to
	@sh scripts/servers.sh

bench: $(STAMP)  ## measure what must stay quick
	$(BIN)/python -m pytest tests/bench --benchmark-only -p no:xdist

soak: $(STAMP) servers  ## every fault run in full length (hours), or those of ONLY='kill and sqlite'; prints goal, figure, control
	GATEWAY_SOAK=1 $(BIN)/python -m pytest tests/fault $(if $(ONLY),-k "$(ONLY)") --timeout 0

corpora: $(STAMP)  ## score reading over CORPORA=folder, or count what became of its messages where it has no score.py
	@if [ -f "$(CORPORA)/score.py" ]; then $(BIN)/python "$(CORPORA)/score.py" --gateway "$(abspath $(BIN))/gateway"; \
	else $(BIN)/python tests/tools/corpora.py "$(CORPORA)"; fi

fuzz: $(STAMP)  ## damaged mail for SECONDS=60, guided by coverage where atheris is installed
	$(BIN)/python tests/tools/fuzz.py --seconds $(SECONDS)

screenshots: $(STAMP)  ## every HTML notice in headless Chromium, wide and narrow, into build/screenshots
	$(BIN)/python tests/tools/screenshots.py build/screenshots

lock: $(STAMP)  ## resolve pyproject.toml anew into requirements*.txt, with hashes
	@sh scripts/lock.sh

clean:  ## remove everything that was made here
	rm -rf $(VENV) build dist demo .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.txt requirements-dev.txt pyproject.toml scripts/install.sh
	@sh scripts/install.sh $(VENV)
	@touch $@
