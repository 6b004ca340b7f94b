# Every target is a task of tasks.py, which also runs where there is no make: python3 tasks.py test
PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup lab test book lint everything pair parity clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

setup: ## Create or refresh .venv for a reader (make lab does this by itself)
	@$(PYTHON) tasks.py setup

lab: ## Open the book in JupyterLab, on this machine only
	@$(PYTHON) tasks.py lab -- $(ARGS)

test: ## Run everything that must hold: lint, notebooks, tests (ARGS="-k cold" goes to pytest)
	@$(PYTHON) tasks.py test -- $(ARGS)

lint: ## Run ruff, mypy and the import contracts
	@$(PYTHON) tasks.py lint

everything: ## Add TensorFlow, Paddle and what the tests need (make test does this by itself)
	@$(PYTHON) tasks.py everything

book: ## Build the book as a site that needs no network (ARGS="--fast" executes the short form)
	@$(PYTHON) tasks.py book -- $(ARGS)

pair: ## Bring book/*.md and chapters/*.ipynb together; the side that changed last wins
	@$(PYTHON) tasks.py pair

parity: ## Write the README's tables on how the doors compare with the providers
	@$(PYTHON) tasks.py parity

clean: ## Remove .venv and the caches
	@$(PYTHON) tasks.py clean
