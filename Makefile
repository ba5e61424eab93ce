# A thin list of commands: what they need is in pyproject.toml, what they do in scripts/ and tests/.

PYTHON ?= python3
BIN := .venv/bin
# JupyterLab reads a copy of the bundle; the hash of its sources in it is what make looks at.
INSTALLED := .venv/share/jupyter/labextensions/sm-magics
BUNDLE := $(INSTALLED)/source.sha256
SOURCES := $(addprefix labextension/, .npmrc hatch_build.py install.json package.json \
	package-lock.json rspack.config.js) \
	$(shell find labextension/schema labextension/src labextension/style)
PACKAGES := labextension/node_modules/.complete.stamp
# On a machine without Node, scripts/require_node.py puts one into .venv.
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
NPM := cd labextension && $(WITH_NODE) npm

.PHONY: demo lab test watch battery bench pictures clean
.NOTPARALLEL:

demo: .venv/demo.stamp  ## run demo.ipynb in a real kernel, print what it exported
	@$(BIN)/python scripts/run_demo.py

lab: .venv/demo.stamp $(BUNDLE)  ## open demo.ipynb in JupyterLab
	$(BIN)/jupyter lab demo.ipynb

test: .venv/test.stamp $(PACKAGES) $(BUNDLE)  ## lint, types, layers, tests
	scripts/require_chromium.sh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run --silent lint
	$(NPM) run --silent check
	$(NPM) run --silent test
	$(BIN)/pytest --numprocesses 2 --dist loadfile

watch: .venv/test.stamp $(PACKAGES)  ## bundle at every change; JupyterLab shows it after a reload
	mkdir -p sm_magics/labextension $(dir $(INSTALLED))
	rm -rf $(INSTALLED)
	ln -s ../../../../sm_magics/labextension $(INSTALLED)
	$(NPM) run --silent watch

battery: .venv/test.stamp  ## every check of tests/battery on the models that are measured
	$(BIN)/pytest tests/battery/large.py --timeout 1200

bench: .venv/test.stamp  ## measure, and write docs/benchmarks.md
	$(BIN)/python tests/benchmarks/run.py

pictures: .venv/test.stamp $(BUNDLE)  ## take the pictures of the README, in docs/images
	scripts/require_chromium.sh
	$(BIN)/pytest tests/browser/take_pictures.py

clean:
	rm -rf .venv build labextension/node_modules sm_magics/labextension

# A stamp is older than pyproject.toml when something else must be installed.
.venv/demo.stamp: pyproject.toml
	@echo "Installing into .venv; this takes minutes, once."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[demo,lab]'
	touch $@

.venv/test.stamp: .venv/demo.stamp
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

# Not the packages that sm_magics depends on: this takes seconds. `make watch` leaves a link there.
$(BUNDLE): $(SOURCES) | .venv/demo.stamp
	rm -rf $(INSTALLED)
	$(BIN)/pip install --quiet --no-deps --editable .

# npm ci starts with an empty node_modules, so the stamp goes with the packages it speaks of.
$(PACKAGES): labextension/package-lock.json | .venv/test.stamp
	$(WITH_NODE) $(BIN)/python scripts/require_node.py
	$(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@
