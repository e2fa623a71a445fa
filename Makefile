# Every target makes what it needs, the environment in .venv included, from Python 3.11+ and make alone.
#   PYTHON=/path/to/python   the interpreter to build .venv from (otherwise the first fitting one on PATH)
#   PROFILE=quick|full       how long the notebooks of `make figures` may take
#   JOBS=2                   notebooks of `make figures` that run at once
#   APP=notebook.ipynb       what `make app` serves; VOILA='--port 8900 --no-browser' are options of its server
# VBANALYSIS_CACHE and VBANALYSIS_SAMPLES pass through to whatever runs.

PROFILE ?= quick
JOBS ?= 2
APP ?= notebooks/60_explorers.ipynb
VOILA ?=
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))

# Threads that wait by spinning take the core from the one that they wait for: on a busy machine notebooks took
# half as long again.
export OMP_WAIT_POLICY ?= passive

.DEFAULT_GOAL := help
.PHONY: figures test lab app bench lint clean distclean help
# Targets share one environment and one figures folder, and each tool uses the cores by itself.
.NOTPARALLEL:

figures: $(READY) ## Run the notebooks, write figures/ and the report (PROFILE=full for the long version)
	$(BIN)/vbanalysis suite run --profile $(PROFILE) --jobs $(JOBS) --figures figures
	$(BIN)/vbanalysis suite report
	@echo "Look at figures/, and open build/report/index.html in a browser."

test: lint ## All checks: lint, unit, parity and fault tests, doctests, every notebook
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(if $(NOTEBOOKS),VBANALYSIS_FIGURES="$(CURDIR)/build/test-figures" OMP_NUM_THREADS=1 $(BIN)/python -m pytest --nbmake -n 2 $(NOTEBOOKS))

lab: $(READY) ## Open the notebooks in JupyterLab
	cd notebooks && ../$(BIN)/jupyter lab

app: $(READY) ## Serve the explorers as a page without code, from this machine alone
	JUPYTER_PATH="$(CURDIR)/notebooks/app$${JUPYTER_PATH:+:$$JUPYTER_PATH}" VBANALYSIS_FIGURES="$(CURDIR)/build/app-figures" \
	  $(BIN)/voila "$(APP)" --template vbanalysis --progressive_rendering=True --Voila.log_format='%(message)s' $(VOILA)

bench: $(READY) ## Time the codecs against their peers, and print the ratios
	$(BIN)/python -m pytest benchmarks --benchmark-group-by=group --benchmark-columns=min,median,rounds

lint: $(READY) ## Style, format, import floors, types, notebooks without outputs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy vbanalysis
	$(if $(NOTEBOOKS),$(BIN)/nbstripout --verify $(NOTEBOOKS))

clean: ## Remove what was built, but not .venv
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .benchmarks .import_linter_cache
	find vbanalysis tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove .venv too
	rm -rf $(VENV)

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# The stamp goes before the first change and comes back after the last, so an environment without it is
# half made and is made anew; one with it is only brought up to date.
$(READY): pyproject.toml constraints.txt
	@test -f $@ || rm -rf $(VENV)
	@test -d $(VENV) || { \
	  for python in $(PYTHONS); do \
	    if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      echo "Making $(VENV) with $$(command -v "$$python")"; \
	      exec "$$python" -m venv $(VENV); \
	    fi; \
	  done; \
	  echo "error: no Python 3.11 or newer with the venv module among: $(PYTHONS)." >&2; \
	  echo "Install one (on Debian and Ubuntu with its python3-venv package) or name it: make PYTHON=/path/to/python3.11" >&2; \
	  exit 1; }
	@rm -f $@
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[all,dev,bench]'
	@touch $@
