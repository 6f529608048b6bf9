# `make help` lists what there is. Needs Go, Node.js with npm, make and git.

# Image of the controller, for deploy, docker-build and docker-push.
IMG ?= gpuinfo:latest
# The kubectl that talks to your own cluster; the local stack has one of its own.
KUBECTL ?= kubectl
# How `make deploy` has pods placed: scheduler, extender, affinity, or advice for not at all.
MODE ?= scheduler
# Of the image of gpuinfo-scheduler; empty for the version of the API server.
SCHEDULER_TAG ?=
# vSphere fleet that `make up` simulates; empty for hack/vcsim/fleets/demo.json.
FLEET ?=
# Which log `make logs` follows.
LOGS ?= gpuinfo-local-0

# Node.js 24 comes with the dependencies; whatever version the system has only installs them.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
NODE := node_modules/.bin/node
STAMP := node_modules/.installed

.DEFAULT_GOAL := help
.PHONY: help deps up down logs demo test test-unit check manager run install uninstall \
	deploy undeploy docker-build docker-push clean-tools

##@ General

help: ## Show this help.
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: $(STAMP) ## Install the dependencies, Node.js 24 among them, into node_modules/.

# Not `npm ci`: the lockfile leaves out optional packages of other platforms, which it refuses.
$(STAMP): package.json package-lock.json
	@echo "Installing the dependencies into node_modules/"
	@npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

##@ Local stack: a real API server and a simulated vCenter on this machine

up: deps ## Start the stack in the background; FLEET=file.json chooses the vSphere fleet.
	@$(NODE) hack/stack/cli/up.ts --fleet "$(FLEET)"

down: deps ## End what `make up` started.
	@$(NODE) hack/stack/cli/down.ts

logs: deps ## Follow gpuinfo's log; LOGS=kube-apiserver another's.
	@$(NODE) hack/stack/cli/logs.ts "$(LOGS)"

demo: deps ## Show in half a minute what gpuinfo does: samples, a maintenance, a vMotion.
	@$(NODE) hack/stack/cli/demo.ts

##@ Development

test: deps ## Run all tests; the first time builds the tools (about 9 minutes).
	@$(NODE) hack/test.ts

test-unit: deps ## Run the unit tests alone.
	@$(NODE) hack/test.ts --only unit

check: deps ## Check format, lint, types and unit tests: before every commit.
	@npm run --silent check

manager: deps ## Compile the controller to dist/.
	@npm run --silent build

run: deps ## Run the controller here against the current kubeconfig; wants GOVMOMI_URL, _USERNAME, _PASSWORD.
	@LEADER_ELECTION=$${LEADER_ELECTION:-false} PLACEMENT_MODE=$${PLACEMENT_MODE:-off} \
		$(NODE) src/main.ts

clean-tools: deps ## Remove the built tools of every checkout from the cache.
	@$(NODE) hack/stack/cli/clean-tools.ts

##@ Your cluster

install: ## Install the CRDs.
	$(KUBECTL) apply -k crd

uninstall: ## Remove the CRDs, and with them every GPUInfo and MaintenanceWindow.
	$(KUBECTL) delete --ignore-not-found -k crd

deploy: deps ## Install gpuinfo with the image IMG; MODE says how pods are placed.
	@KUBECTL="$(KUBECTL)" $(NODE) hack/deploy.ts --image "$(IMG)" --mode "$(MODE)" \
		--scheduler-tag "$(SCHEDULER_TAG)"

undeploy: deps ## Remove gpuinfo, its labels on nodes and the CRDs, and with them every GPUInfo and MaintenanceWindow.
	@KUBECTL="$(KUBECTL)" $(NODE) hack/undeploy.ts

docker-build: ## Build the image IMG.
	docker build -t $(IMG) .

docker-push: ## Push the image IMG.
	docker push $(IMG)
