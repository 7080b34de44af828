# Everything runs on the Node of node_modules/.bin, which `make` itself installs: any Node with npm will do for that.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Programs of the project's packages come first, and with them the right Node.
run := PATH="$(CURDIR)/node_modules/.bin:$$PATH"

# Options. Of `make demo`: KEEP=1 leaves it running, ENGINE picks the engine (Baileys or WhatsAppWebJS). Of all that builds
# images: BROWSER=chromium puts the whole browser in the place of its headless shell.
export KEEP ENGINE BROWSER

.PHONY: help packages up down images demo test test-unit test-integration test-e2e soak check generate clean

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

packages: ## Install the npm packages, if they are not those of the lockfile (30 s)
	@node test/cluster/packages-are-current.mjs || { echo '- Installing the npm packages (usually 30 s)' >&2; npm ci --no-audit --no-fund --loglevel=error >&2; }

up: packages ## Start a Kubernetes cluster (15 s; the first time builds it, 15 min)
	@$(run) node test/cluster/up.ts

down: packages ## End what up has started, all of it
	@$(run) node test/cluster/down.ts

images: packages ## Build the images that have changed and load them; starts the cluster if it is down (1 min)
	@$(run) node test/cluster/images.ts

demo: packages ## Show a session's life on a cluster (2 min). KEEP=1 leaves it running, ENGINE=WhatsAppWebJS takes a browser
	@$(run) node test/demo/demo.ts

test: packages ## Check, then run every test; ends a cluster that it has started itself (30 min)
	@$(run) node test/run-tests.ts check unit integration e2e

test-unit: packages ## Run the tests that need no cluster (4 min)
	@$(run) node test/run-tests.ts unit

test-integration: packages ## Run the tests against a real API server (9 min)
	@$(run) node test/run-tests.ts integration

test-e2e: packages ## Run the tests on real pods (15 min)
	@$(run) node test/run-tests.ts e2e

soak: packages ## Run random faults against an operator on a real API server (SOAK_MINUTES=10; SOAK_SEED repeats a run)
	@$(run) vitest run --project soak

check: packages ## Check types, lint, format, and that generated files are current (20 s)
	@$(run) node test/run-tests.ts check

generate: packages ## Write anew what is made from other files
	@$(run) node test/generate/crd-types.ts
	@$(run) node test/generate/reference-docs.ts
	@$(run) node test/generate/chart-crds.ts
	@$(run) node test/generate/chart-readme.ts
	@$(run) node test/generate/transcripts.ts

clean: packages ## End the cluster and forget all that was built; the next start builds it anew
	@$(run) node test/cluster/clean.ts
