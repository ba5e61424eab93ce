# A thin list of commands: what they need is in pyproject.toml, what they do in scripts/ and tests/.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo lab test bench pictures clean

demo: .venv/demo.stamp  ## run demo.ipynb in a real kernel, print what it exported
	@$(BIN)/python scripts/run_demo.py

lab: .venv/demo.stamp  ## open demo.ipynb in JupyterLab
	$(BIN)/jupyter lab demo.ipynb

test: .venv/test.stamp  ## lint, types, layers, tests
	scripts/require_chromium.sh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses 2 --dist loadfile

bench: .venv/test.stamp  ## measure, and write docs/benchmarks.md
	$(BIN)/python tests/benchmarks/run.py

pictures: .venv/test.stamp  ## take the pictures of the README, in docs/images
	scripts/require_chromium.sh
	$(BIN)/pytest tests/browser/take_pictures.py

clean:
	rm -rf .venv build

# A stamp is older than pyproject.toml when something else must be installed.
.venv/demo.stamp: pyproject.toml
	@echo "Installing into .venv; this takes minutes, once."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[demo,lab]'
	touch $@

.venv/test.stamp: .venv/demo.stamp
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@
