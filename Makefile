# Everything a person does twice. `make demo` and `make test` set up what they need by themselves.
#
#   PYTHON=python3.12   the interpreter that the virtual environment is made with (3.11 or newer)
#   VENV=.venv          where it is; made again when the lock file or pyproject.toml changes

PYTHON ?= python3
VENV   ?= .venv
LOCK   ?= requirements.lock
BIN    := $(VENV)/bin
READY  := $(VENV)/.made-from-$(LOCK)
PYTEST := $(BIN)/python -m pytest
SHARED := ../shared/corpus
CORPUS := $(if $(wildcard $(SHARED)/harness.py),$(SHARED),tests/corpus)

.PHONY: help demo test test-lowest lint types pytest corpus corpus-more fuzz histories torture bench bench-editor rules picture pictures lock clean venv extension workbench e2e

help:
	@echo "make demo         see Pivot work on a real pipeline (sets up all it needs)"
	@echo "make test         lint, types, tests and the change-detection corpus"
	@echo "make test-lowest  the tests on the lowest allowed versions of the dependencies"
	@echo "make lint types pytest corpus   the parts of make test"
	@echo "make fuzz         random edits of well-known packages, executed (COUNT=1000 SEED=0)"
	@echo "make histories    projects with a past: edits, runs, mishaps, branches (COUNT=1000 SEED=0)"
	@echo "make torture      kill commands, and fail their disk, at every call (SAMPLE=20: at some)"
	@echo "make bench        100 to 10,000 stages, beside other tools; 100,000 files, 10 GB; the code graph"
	@echo "make bench-editor the language server beside ruff, ty and pyrefly, keystroke by keystroke"
	@echo "make extension    the extension for VS Code, checked and packed (needs Node.js 20.19 or newer)"
	@echo "make e2e          the extension in a real VS Code workbench, in a headless browser (THEME=light)"
	@echo "make pictures     take the pictures of VS Code in the documentation again; make picture: the terminal"
	@echo "make rules        write the pages of the lint's rules again"
	@echo "make lock         write the lock files again (UPGRADE=1: to the newest versions)"
	@echo "make clean        remove what these targets made"

demo: $(READY)
	@$(BIN)/python examples/demo.py

test: lint types pytest corpus

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python docs/rules.py --check

types: $(READY)
	$(BIN)/mypy

pytest: $(READY)
	$(PYTEST) -n auto $(ARGS)

# The score of change detection: is every edit that can change an output seen, and no other?
corpus: $(READY)
	$(BIN)/python $(CORPUS)/harness.py --cli "$(abspath $(BIN))/pivot-core" $(CORPUS)/cases.py

# 237 more, in some minutes: too long for every test run.
corpus-more: $(READY)
	$(BIN)/python $(CORPUS)/harness.py --cli "$(abspath $(BIN))/pivot-core" tests/corpus/more_cases.py

# Does it work with them? One case of each test, without what is long and the same with any versions: kills and full
# disks, random edits, the lint of whole packages.
test-lowest:
	$(MAKE) pytest VENV=$(VENV)-lowest LOCK=requirements-lowest.lock \
	  ARGS="--first-cases --ignore=tests/torture --ignore=tests/fuzz --ignore=tests/histories --ignore=tests/lsp/test_lint_packages.py"

bench: $(READY)
	$(BIN)/python benchmarks/bench.py --stages 100,1000,10000
	$(BIN)/python benchmarks/bench.py --stages 1000 --topologies chain,wide --no-tampering
	$(BIN)/python benchmarks/large.py
	$(BIN)/python benchmarks/analysis.py

# What a keystroke costs in the editor, beside other servers (installed into benchmarks/.venvs).
bench-editor: $(READY)
	$(BIN)/python benchmarks/editor.py --install-servers $(if $(EDITS),--edits $(EDITS))
	$(BIN)/python benchmarks/keystrokes.py

# Edits of well-known packages: is one missed that matters, or minded that doesn't? Some minutes for each 1,000.
COUNT ?= 1000
SEED  ?= 0
fuzz: $(READY)
	$(BIN)/python tests/fuzz/fuzz.py --count $(COUNT) --seed $(SEED)

# Edits, runs and mishaps in a row, and after each: is every verdict and output what it should be? About 15 s for each.
histories: $(READY)
	$(BIN)/python tests/histories/histories.py --count $(COUNT) --seed $(SEED)
	$(BIN)/python tests/histories/editor.py --count $(COUNT) --seed $(SEED)

# Commands killed, and disks failing, at each call that changes a file. About an hour on two cores.
torture: $(READY)
	$(BIN)/python tests/torture/torture.py $(if $(SAMPLE),--sample $(SAMPLE))
	$(BIN)/python tests/torture/noise.py $(if $(SAMPLE),--count $(SAMPLE))

# A page for each rule of the lint, from the rule.
rules: $(READY)
	$(BIN)/python docs/rules.py

# The terminal in the README.
picture: $(READY)
	$(BIN)/python docs/terminal.py

# vscode-extension/pivot-VERSION.vsix: `code --install-extension` takes it. It brings Pivot itself, as a wheel.
EXTENSION := vscode-extension
extension: $(READY) $(EXTENSION)/node_modules/.made
	rm -rf $(EXTENSION)/wheel $(EXTENSION)/*.vsix
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w $(EXTENSION)/wheel .
	cd $(EXTENSION) && npm run --silent check && npm test --silent && npm run --silent package
	@$(BIN)/python -m zipfile -l $(EXTENSION)/*.vsix | grep '^extension/wheel/pivot_core-.*\.whl ' >/dev/null || { \
	  rm $(EXTENSION)/*.vsix; echo "The .vsix has no wheel of Pivot: see $(EXTENSION)/.vscodeignore" >&2; exit 1; }

# No script of a package's is run, and nothing is fetched that the lock file doesn't name.
$(EXTENSION)/node_modules/.made: $(EXTENSION)/package-lock.json
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
	  2>/dev/null && npm --version >/dev/null 2>&1 || { \
	  echo "The extension is built with Node.js 20.19 or newer and npm; here is $$(node --version 2>&1 | head -n 1)." >&2; \
	  echo "See https://nodejs.org, or your distribution's packages nodejs and npm." >&2; exit 1; }
	cd $(EXTENSION) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# What a person does, in code-server and headless Chromium; a picture of each step in e2e/shots.
E2E := $(EXTENSION)/e2e
e2e: workbench
	PIVOT_PYTHON="$(abspath $(BIN))/python" $(E2E)/run.sh

# Those in the READMEs and docs/, from that workbench.
pictures: workbench
	PIVOT_PYTHON="$(abspath $(BIN))/python" $(E2E)/run.sh pictures/*.test.ts
	PIVOT_PYTHON="$(abspath $(BIN))/python" THEME=light $(E2E)/run.sh pictures/*.test.ts

workbench: extension
	PIVOT_PYTHON="$(abspath $(BIN))/python" $(E2E)/install.sh
	cd $(EXTENSION) && npx tsc -p e2e && npx eslint -c e2e/eslint.config.mjs e2e

venv: $(READY)

$(READY): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Pivot needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing)." >&2; \
	  echo "Say which to use: make $(firstword $(MAKECMDGOALS) test) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' can't make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--extra pandas --extra matplotlib --extra demo --extra lsp --group dev \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

lock: $(READY)
	$(COMPILE) -o requirements.lock
	$(COMPILE) --resolution lowest-direct -o requirements-lowest.lock

clean:
	rm -rf $(VENV) $(VENV)-lowest dist .mypy_cache .ruff_cache .pytest_cache tests/editors/.helix
	rm -rf $(addprefix $(EXTENSION)/,node_modules dist out wheel e2e/node_modules e2e/shots) $(EXTENSION)/*.vsix
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
