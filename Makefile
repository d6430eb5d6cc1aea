# Needs only make and Python 3.11 or newer with venv; all else goes into .venv.
# Another Python: make demo PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
PLAYER := .venv-player
BIN := $(VENV)/bin
SOUND := demo/skmusic.wav

# Python 3.11 brings a pip that is new enough; that a newer one exists is no news.
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet

# Installs skmusic and dependency groups, which pip knows of only from 25.1 on.
with_groups = $(BIN)/python -c "import tomllib; \
	groups = tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']; \
	print(*(need for name in '$(1)'.split() for need in groups[name]), sep='\n')" \
	> $(VENV)/needs.txt && $(PIP) --requirement $(VENV)/needs.txt --editable .

.DEFAULT_GOAL := help
.PHONY: help demo player test test-browser test-variations lint format docs clean

help:  ## say what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-17s%s\n", $$1, $$2}' Makefile

demo: $(VENV)/.installed  ## set up, compose from the songs that come with skmusic
	@mkdir -p demo
	@echo "Learning, then composing 30 seconds of music ..."
	@$(BIN)/skmusic compose --pieces 1 --seconds 30 --random-state 1 -o $(SOUND)
	@echo "The music is in $(CURDIR)/$(SOUND)"

player:  ## set up .venv-player, which plays models but cannot learn
	@$(MAKE) --no-print-directory VENV=$(PLAYER) $(PLAYER)/.installed-player
	@echo "Play a model: $(PLAYER)/bin/skmusic sample MODEL"

test: lint  ## set up, check style and types, run all tests
	@# In two processes, as two cores are what it may count on; each takes 2 GB or so.
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-browser: $(VENV)/.installed-browser  ## look at and listen to pages in a browser
	@command -v chromedriver >/dev/null || { [ "$$(id -u)" = 0 ] \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq \
			--no-install-recommends chromium chromium-driver; } || { \
		echo "Chromium and its driver are needed. On Debian install the packages" \
			"chromium and chromium-driver, then run make again." >&2; exit 1; }
	$(BIN)/python -m pytest tests/browser

test-variations: $(VENV)/.installed-test  ## run all tests as on other machines; takes an hour
	@# TESTS="tests/test_generator.py --only seed" names tests, and variations.
	$(BIN)/python tests/variations.py -n 2 --dist worksteal $(TESTS)

lint: $(VENV)/.installed-test  ## check the style and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy

format: $(VENV)/.installed-test  ## mend the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-docs  ## set up and build the pages, with their sounds
	@# Examples are run again when skmusic is newer than the pages, or there are none.
	@[ -z "$$(find skmusic -name '*.py' -newer docs/_build/html/objects.inv 2>&1)" ] \
		|| rm -rf docs/_build docs/auto_examples docs/generated
	@echo "Building the pages, whose examples run; this takes some minutes ..."
	$(BIN)/python -m sphinx -q -W --keep-going -d docs/_build/doctrees docs docs/_build/html
	@echo "The pages are in $(CURDIR)/docs/_build/html/index.html"

clean:  ## remove caches, builds and the demo; environments stay
	rm -rf docs/_build docs/auto_examples docs/generated
	rm -rf demo build dist htmlcov .coverage .pytest_cache .ruff_cache .mypy_cache
	find . -name '$(VENV)*' -prune -o -name __pycache__ -type d -prune \
		-exec rm -rf {} +

# Stamps: what has been installed stays until pyproject.toml changes.

$(VENV)/.installed: pyproject.toml $(VENV)/.made
	@echo "Installing skmusic and what it needs (TensorFlow is large) ..."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml $(VENV)/.made
	@echo "Installing skmusic and what its tests need (TensorFlow is large) ..."
	@$(call with_groups,test)
	@touch $(VENV)/.installed $@

$(VENV)/.installed-browser: pyproject.toml $(VENV)/.made
	@echo "Installing skmusic and what drives a browser (TensorFlow is large) ..."
	@$(call with_groups,test browser)
	@touch $(VENV)/.installed $(VENV)/.installed-test $@

$(VENV)/.installed-docs: pyproject.toml $(VENV)/.made
	@echo "Installing skmusic and what its pages need (TensorFlow is large) ..."
	@$(call with_groups,docs)
	@touch $(VENV)/.installed $@

# What skmusic depends on, less what only learning needs.
$(VENV)/.installed-player: pyproject.toml $(VENV)/.made
	@echo "Installing skmusic and what playing needs ..."
	@$(BIN)/python -c "import tomllib; \
		project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
		print(*(need for need in project['dependencies'] \
			if not need.startswith(('keras', 'tensorflow'))), sep='\n')" \
		> $(VENV)/needs.txt
	@$(PIP) --requirement $(VENV)/needs.txt
	@$(PIP) --no-deps --editable .
	@touch $@

# An environment that is there and works is kept.
$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { \
		echo "There is no $(PYTHON) here; install Python 3.11 or newer." >&2; \
		exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
		echo "skmusic needs Python 3.11 or newer; $(PYTHON) is" \
			"$$($(PYTHON) --version 2>&1). If you have a newer one, name it, for" \
			"example: make demo PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		echo "Creating $(VENV) ..."; $(PYTHON) -m venv $(VENV); } || { \
		echo "$(PYTHON) cannot create $(VENV). On Debian and Ubuntu install the" \
			"package python3-venv, then run make again." >&2; exit 1; }
	@$(BIN)/python -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
		echo "$(VENV) is of a Python older than 3.11; remove it and run make" \
			"again." >&2; exit 1; }
	@touch $@
