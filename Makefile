# `make` alone lists the targets. All of them work in .venv, which the first one makes.

PYTHON    ?=
WORKERS   ?= 2
NOTEBOOKS ?= chapters
PORT      ?= 8000
FRAMEWORK ?=
SETTING   ?=

BOOK      := _build/html/index.html
BIN       := .venv/bin
ifeq ($(OS),Windows_NT)
BIN       := .venv/Scripts
endif
INSTALLED := .venv/installed
TOOLS     := .venv/tools
QUICKSTART = chapters/quickstart.ipynb

# Jupyter records what libraries write to descriptor 2: TensorFlow's log (its line on oneDNN
# heeds no log level), pydevd's warning.
export TF_CPP_MIN_LOG_LEVEL := 3
export PYDEVD_DISABLE_FILE_VALIDATION := 1
# The kernel is .venv's, Keras runs on TensorFlow, whatever the user's own settings say.
export JUPYTER_PREFER_ENV_PATH := 1
export KERAS_BACKEND := tensorflow

.PHONY: help book pdf serve lab edit run test check format lectures experiments bench audit picture clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: $(INSTALLED) ## build the book; its quick start trains on this machine
	$(BIN)/jupyter-book build . --warningiserror --keep-going
	@echo
	@echo "The book is built. Open it in a browser:"
	@echo "  $(CURDIR)/$(BOOK)"
	@echo "or serve it on this machine only: make serve"

$(BOOK): | $(INSTALLED)
	@$(MAKE) book

pdf: $(TOOLS) chromium book ## print the whole book, some 800 pages, as one PDF; needs Chromium
	@echo "Some 800 pages are printed; that takes minutes."
	$(BIN)/python -m d2lsched.book.pdf

serve: $(BOOK) ## serve the built book on localhost (PORT=8000)
	@$(BIN)/python -m d2lsched.book.serve _build/html --port $(PORT)

lab: $(INSTALLED) ## open copies of the chapters, yours to change, in JupyterLab (FRAMEWORK=torch)
	$(BIN)/python -m d2lsched.book.copies notebooks $(FRAMEWORK:%=--framework %)
	$(BIN)/jupyter-lab --ServerApp.root_dir=notebooks "notebooks/Start here.ipynb"

edit: $(INSTALLED) ## open the book's own notebooks in JupyterLab, to change the book
	$(BIN)/jupyter-lab --ServerApp.root_dir=. --ServerApp.preferred_dir=chapters

run: $(INSTALLED) ## execute the notebooks in place, from cold kernels (NOTEBOOKS=chapters)
	$(BIN)/python -m d2lsched.book.execute $(NOTEBOOKS)

NBVAL := --nbval-current-env --nbval-cell-timeout=300

test: $(TOOLS) chromium ## everything: style, types, all tests, every notebook re-run and compared
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@# The longest file is one of the first by name, but not by its number of tests.
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=15
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --durations=10 $(NBVAL) --nbval \
	  --ignore=$(QUICKSTART) chapters
	@# The quick start has no outputs to compare with: its cells only have to run.
	$(BIN)/pytest $(NBVAL) --nbval-lax $(QUICKSTART)

check: $(TOOLS) chromium ## style, types, fast tests, some in Chromium: under two minutes
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --durations=5 -m "not slow"

format: $(TOOLS) ## bring code and notebooks into the repository's layout
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format
	$(BIN)/python -m d2lsched.book.execute --tidy-only $(NOTEBOOKS)

lectures: $(INSTALLED) ## slides for two lectures, and the solutions of all exercises
	$(BIN)/python -m d2lsched.teaching.slides assignments/lectures/*.md
	$(BIN)/python -m d2lsched.teaching.solutions

experiments: $(INSTALLED) ## run the studies behind the book, or one SETTING=mlp-sgd-50000x1; all go on
	$(BIN)/python -m experiments.comparison $(SETTING)
	@test -n "$(SETTING)" || $(BIN)/python -m experiments.classics

bench: $(INSTALLED) ## measure schedules, training and sweeps, as ratios, and the grading of a class
	$(BIN)/python benchmarks/schedules.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/sweeps.py
	$(BIN)/python benchmarks/grading.py

# Node.js is needed here only. Installed packages run no scripts of their own.
LIGHTHOUSE := tests/audit/node_modules/.package-lock.json

$(LIGHTHOUSE): tests/audit/package-lock.json
	@command -v npm >/dev/null || { echo "make audit needs Node.js 20 or newer, with npm." >&2; exit 1; }
	npm ci --prefix tests/audit --ignore-scripts --no-audit --no-fund
	@touch $@

audit: $(TOOLS) chromium $(LIGHTHOUSE) $(BOOK) ## weigh the pages; axe and Lighthouse examine them for 13 minutes
	@echo "Examining every page takes 13 minutes on two cores."
	$(BIN)/python tests/audit/measure.py _build/html

picture: $(TOOLS) chromium $(BOOK) ## take the README's picture of the built book
	$(BIN)/python docs/picture.py _build/html docs/page.png

clean: ## remove the built book and caches (.venv stays: rm -r .venv)
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find chapters d2lsched experiments tests -name __pycache__ -prune -exec rm -rf {} +
	find chapters -name .ipynb_checkpoints -prune -exec rm -rf {} +

# --- set-up

# Python 3.14 only for want of another: TensorFlow has no wheel for it. A Python without
# ensurepip (Debian's, without python3-venv) cannot make .venv.
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python)
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2]
FIND_PYTHON = \
  for newest in 13 99; do \
    for python in $(CANDIDATES); do \
      if "$$python" -c "$(SUITABLE) <= (3, $$newest))" >/dev/null 2>&1; then break 2; fi; \
      python=; \
    done; \
  done; \
  if [ -z "$$python" ]; then \
    echo "No Python 3.11 or newer with venv was found (tried: $(CANDIDATES))." >&2; \
    echo "Install one (on Debian and Ubuntu: python3 and python3-venv), or name yours: make PYTHON=/path/to/python" >&2; \
    exit 1; \
  fi

# Where .venv was made, and with which Python. The file is there only if the last set-up was
# finished; where it says anything else than the Python in use, .venv is made anew.
WHICH     := import sys; print(sys.base_prefix, *sys.version_info[:2])
MADE_WITH  = $(CURDIR) $(shell "$(1)" -c "$(WHICH)" 2>/dev/null)
ifneq ($(call MADE_WITH,$(or $(PYTHON),$(BIN)/python)),$(shell cat $(INSTALLED) 2>/dev/null))
ANEW      := yes
.PHONY: $(INSTALLED)
endif
VENV      := -m venv
PIP       := $(BIN)/python -m pip install --disable-pip-version-check

$(INSTALLED): requirements.txt constraints.txt pyproject.toml
	@$(if $(ANEW),$(FIND_PYTHON); \
	  base=$$("$$python" -c "import sys; print(sys._base_executable)"); \
	  echo "Making .venv with $$("$$base" --version)"; rm -rf .venv; "$$base" $(VENV) .venv)
	@rm -f $(INSTALLED)
	$(PIP) -r requirements.txt
	$(PIP) --no-build-isolation --no-deps --editable .
	@echo "$(CURDIR) $$($(BIN)/python -c "$(WHICH)")" > $@

$(TOOLS): $(INSTALLED) tests/requirements.txt
	$(PIP) -r tests/requirements.txt
	@touch $@

.PHONY: chromium
chromium: $(TOOLS)
	@$(BIN)/python -m d2lsched.book.pdf --chromium
