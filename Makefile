# Bare `make` lists the targets. Each sets up what it needs, once.
.DEFAULT_GOAL := help
SHELL := /bin/sh
ENV ?= dev
PYTHON ?= python3
export PYTHON
# The project's own Python, Node and CDK come first; nothing has to be installed by hand.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PYTHONPATH := $(CURDIR)
CDK := cdk --no-notices --no-version-reporting

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install everything into .venv and node_modules
	@scripts/setup

demo: setup ## Deploy into the embedded AWS and make avatars (of your own PHOTOS=folder); pictures in out/
	@python -m demo

up: setup ## Start the embedded AWS, deploy (PATCH=demo/several_models.json), leave it running
	@python -m demo up

down: ## Stop the embedded AWS
	@if [ -x .venv/bin/python ]; then python -m local_aws down; fi

logs: ## Follow the embedded AWS and everything it runs
	@python -m local_aws logs -f

test: setup ## Run all tests, as CI does
	@scripts/test

test-slow: setup ## Also the slow ones: every IAM grant removed in turn, several models
	@python -m pytest -m slow

test-models: setup ## Deploy two base models, one with two endpoints, and a hosted one, and use them (minutes)
	@python -m pytest -m slow tests/e2e/several

bench-fleet: setup ## Replay days of traffic through the scaling policies; tables and plots into docs (VALIDATE=1: also real processes)
	@python -m benchmarks.fleet $(if $(VALIDATE),&& python -m benchmarks.fleet validate)

bench-training: setup ## Measure training beside diffusers' script (DIFFUSERS_SOURCE=clone, QUICK=1, FULL=1, ARGS=--plan)
	@if [ -n "$$DIFFUSERS_SOURCE" ]; then python -m benchmarks.training.fetch; fi
	@python -m benchmarks.training --size $(if $(QUICK),quick,$(if $(FULL),full,default)) $(ARGS)

bench-serving: setup ## Measure the server beside stock diffusers (QUICK=1, ARGS="--only swap")
	@python -m benchmarks.serving $(if $(QUICK),--quick) $(ARGS)

fuzz: setup ## Send what the API's description allows, and does not, to the stack of `make up`
	@cmp -s benchmarks/fuzzing/requirements.txt build/fuzzing/.requirements || { \
	  python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade \
	    --target build/fuzzing -r benchmarks/fuzzing/requirements.txt && \
	  cp benchmarks/fuzzing/requirements.txt build/fuzzing/.requirements; }
	@PYTHONPATH="$(CURDIR)/build/fuzzing:$(CURDIR)" python -m benchmarks.fuzzing $(if $(SEED),--seed $(SEED)) $(if $(PORT),--port $(PORT))

check: setup ## Lint, formatting, types
	@scripts/check

fix: setup ## Apply what lint and formatter can mend
	@ruff check --fix . && ruff format .

synth: setup ## Templates into cdk.out/ (ENV=dev)
	@$(CDK) synth --quiet --context environment=$(ENV) $(if $(PATCH),--context patch=$(PATCH)) --output cdk.out && echo "Templates for '$(ENV)' are in cdk.out/"

deploy: setup ## Deploy to the AWS account of your credentials (ENV=dev)
	@$(CDK) deploy --all --context environment=$(ENV) $(if $(PATCH),--context patch=$(PATCH))

cdk: setup ## Any command of the CDK: make cdk ARGS="diff -c environment=dev"
	@$(CDK) $(ARGS)

clean: down ## Remove everything that was built or installed
	@rm -rf .venv node_modules build cdk.out out .local .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help setup demo up down logs test test-slow test-models bench-fleet bench-training bench-serving fuzz check fix synth deploy cdk clean
