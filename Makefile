# Two commands matter: `make lab` opens the labs, `make test` runs everything that CI runs.
# Each target sets up what it needs; the first call takes some minutes, later ones seconds.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# LABKIT_TORCH=cpu installs the CPU build of torch and torchvision (smaller; what hosted CI wants).
LABKIT_TORCH ?=
PORT   ?= 8888
FROM   ?=
OUT    ?= grades
MINUTES ?= 9
DATA   ?=
GPU_OUT = $(if $(filter file,$(origin OUT)),gpu-report,$(OUT))

.PHONY: help setup lab test test-fast test-portable test-notebooks test-colab test-oldest release grade lint benchmark gpu clean

help:
	@echo "make lab         open JupyterLab on the first lab"
	@echo "make test        run all tests and all notebooks, as CI does"
	@echo "make test-fast   the unit tests alone (two to three minutes)"
	@echo "make test-portable   the numeric tests, under each set of vector instructions that there is"
	@echo "make test-colab   every solution with the versions of packages that Colab has"
	@echo "make test-oldest  the quick tests and every solution with the lowest versions allowed"
	@echo "make release     make notebooks/ from solutions/"
	@echo "make grade       grade what students handed in: FROM=submissions.zip, OUT=grades"
	@echo "make benchmark   measure the training step and the data path"
	@echo "make gpu         all that needs a GPU, in MINUTES=9, with a report: OUT=gpu-report, DATA=celeba.zip"
	@echo "make clean       delete the virtual environment and caches"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "No venv: on Debian and Ubuntu install python3-venv, then run make again."; rm -rf $(VENV); exit 2; }

# The stamps hold the state of the environment: one for the labs, one for development on top.
$(VENV)/.student: pyproject.toml setup.py constraints.txt | $(BIN)/python
	@echo "Installing the kit, PyTorch and JupyterLab (several minutes, a few gigabytes) …"
	@$(call install,.[instructor])
	@touch $@

$(VENV)/.dev: $(VENV)/.student
	@echo "Installing what the tests need …"
	@$(call install,.[dev])
	@touch $@

ifeq ($(LABKIT_TORCH),)
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e "$(1)"
else
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
  && $(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend $(LABKIT_TORCH) -c constraints.txt -e "$(1)"
endif

setup: $(VENV)/.student

lab: $(VENV)/.student
	@$(BIN)/labkit lab --port $(PORT)

test: $(VENV)/.dev
	@$(BIN)/python -m tests.run

test-fast: $(VENV)/.dev
	@$(BIN)/python -m pytest -x -m "not slow" tests

test-portable: $(VENV)/.dev
	@$(BIN)/python -m tests.portable

test-notebooks: $(VENV)/.dev
	@$(BIN)/python -m tests.run notebooks

test-colab: $(VENV)/.dev
	@$(BIN)/python -m tests.versions colab

test-oldest: $(VENV)/.dev
	@$(BIN)/python -m tests.versions oldest

lint: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

release: $(VENV)/.dev
	@$(BIN)/labkit release

grade: $(VENV)/.student
	@test -n "$(FROM)" || { echo "Name what to grade: make grade FROM=submissions.zip [OUT=grades]"; exit 2; }
	@$(BIN)/labkit grade "$(FROM)" --out "$(OUT)"

gpu: $(VENV)/.dev
	@$(BIN)/python benchmarks/gpu.py --minutes $(MINUTES) --out $(GPU_OUT) $(if $(DATA),--data "$(DATA)")

benchmark: $(VENV)/.dev
	@$(BIN)/python benchmarks/train_step.py

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache
