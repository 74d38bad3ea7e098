# make help

# `make PYTHON=python` uses the active environment (conda: environment.yml) and builds none.
PYTHON := .venv/bin/python
# The interpreter that .venv is built from.
BASE := python3
N := 01
ARGS :=

BENCH = $(if $(OWN),.venv-bench/bin/python,$(PYTHON))
SITE = $(if $(OWN),.venv-site/bin/python,$(PYTHON))
OWN := $(filter .venv/bin/python,$(PYTHON))
FORCED := $(if $(FORCE)$(findstring B,$(firstword -$(MAKEFLAGS))),--force)
COMPILE := -m uv pip compile -q --universal --python-version 3.11 --fork-strategy fewest \
  --generate-hashes --no-annotate --custom-compile-command 'make lock' $(UPGRADE)

.PHONY: figures test lab lecture site browser bench try format lock clean help env env-bench env-site

figures: env  ## run every notebook that changed, write notebooks/ and figures/ (FORCE=1 or -B: all)
	@$(PYTHON) -m tools.figures $(FORCED)

test: env  ## all that must pass: style, types, tests, every notebook replayed and compared
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest -n 2
	$(PYTHON) -m tools.replay
	@if command -v chromium >/dev/null && command -v npm >/dev/null; then $(MAKE) browser; \
	  else echo "skipped: the tests in a browser need chromium and npm"; fi

lab: env  ## open JupyterLab on the notebooks
	$(PYTHON) -m jupyterlab --notebook-dir=.

lecture: env  ## the explorers in the talk's order, on this machine only: http://127.0.0.1:8866/
	@$(PYTHON) -m tools.lecture

site: env-site  ## the notebooks as a static book, in .build/site/html
	@$(SITE) -m tools.site

browser: site  ## move every explorer of the lecture and the site in headless chromium
	$(SITE) -m pytest -q tests/test_browser.py

try: env  ## one notebook with other parameters, into try/: make try N=01 ARGS='-p eta 0.01'
	@$(PYTHON) -m tools.attempt $(N) $(ARGS)

bench: env-bench site  ## time the sampler, the path solver, the exact law and the explorers
	$(SITE) -m benchmarks.latency benchmarks/latency.md
	$(BENCH) benchmarks/sampler.py
	$(BENCH) benchmarks/bench_law.py --table benchmarks/law.md
	OMP_NUM_THREADS=1 $(BENCH) benchmarks/bench_action.py --figure benchmarks/action.png --table benchmarks/action.md

format: env  ## put the code in shape
	$(PYTHON) -m ruff check --fix-only .
	$(PYTHON) -m ruff format .

lock: env  ## resolve the locks again (UPGRADE=--upgrade: to the newest versions)
	$(PYTHON) $(COMPILE) pyproject.toml --group core --group test -o requirements.lock
	$(PYTHON) $(COMPILE) --group docs -c requirements.lock -o docs/requirements.lock
	$(PYTHON) $(COMPILE) --group bench -c requirements.lock -o benchmarks/requirements.lock

clean:  ## remove what can be made again: environments, stamps, tries, caches
	rm -rf .venv .venv-bench .venv-site .build try .pytest_cache .mypy_cache .ruff_cache .hypothesis

env:
	@$(if $(OWN),$(BASE) tools/environment.py .venv requirements.lock,$(PYTHON) tools/environment.py --active)

env-bench:
	@$(if $(OWN),$(BASE) tools/environment.py .venv-bench requirements.lock benchmarks/requirements.lock,$(PYTHON) tools/environment.py --active)

env-site:
	@$(if $(OWN),$(BASE) tools/environment.py .venv-site requirements.lock docs/requirements.lock,$(PYTHON) tools/environment.py --active)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s%s\n", $$1, $$2}' Makefile
