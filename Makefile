# The commands of a working day. `make help` prints them from the ## comments below.

GO          ?= go
NODE        ?= node
NPM         ?= npm
CHROMIUM    ?= /usr/bin/chromium
# The same engine without the windows around its pages, in a third of the time. It serves where
# pages are looked at for the second time, and need not be there.
WINDOWLESS  ?= $(or $(wildcard /usr/bin/chromium-headless-shell),$(CHROMIUM))
TESTFLAGS   ?=
# Go gives a package ten minutes, which the largest may need on a busy machine.
GOTEST      := $(GO) test -timeout=40m
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
E2E         := KASSA_BINARY=bin/kassa KASSA_CHROMIUM=$(CHROMIUM)
WITHPG      := $(GO) run ./internal/store/sqldb/pgtest/cmd --

export CGO_ENABLED = 0

.DEFAULT_GOAL := help

##@ Everyday

.PHONY: run
run: build ## Build, then serve the demo merchant on http://127.0.0.1:8080
	./bin/kassa serve --dev

.PHONY: build
build: ## Build the one binary into ./bin
	$(GO) build -trimpath -o bin/kassa ./cmd/kassa

.PHONY: test
test: vet test-go test-e2e ## Everything: vet, Go tests on SQLite and PostgreSQL, browser tests

.PHONY: check
check: fmt vet lint mod race fresh ## What a change must pass besides the tests

.PHONY: bench
bench: need-postgresql ## Print load and cost as ratios of peers measured in the same run
	$(WITHPG) $(GO) run ./bench

.PHONY: help
help: ## Print this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Parts of test

.PHONY: test-go
test-go: need-postgresql ## Go tests, on SQLite and on a throw-away PostgreSQL
	$(WITHPG) $(GOTEST) $(TESTFLAGS) ./...

.PHONY: test-e2e
test-e2e: need-chromium need-postgresql need-curl
test-e2e: build e2e/node_modules/.package-lock.json ## Chromium pays, on both databases
	cd e2e && $(E2E) $(NPM) test --silent
	$(WITHPG) sh -c 'cd e2e && $(E2E) KASSA_CHROMIUM=$(WINDOWLESS) $(NPM) test --silent'

.PHONY: screens
screens: need-chromium
screens: build e2e/node_modules/.package-lock.json ## Renew the pictures in docs/screens
	cd e2e && KASSA_SCREENS=1 $(E2E) $(NPM) test --silent -- page.test.mjs methods.test.mjs \
		counter.test.mjs docs.test.mjs series.test.mjs embed.test.mjs payto.test.mjs

# npm writes this file last, so it is newer than the lock file exactly when the install is complete.
e2e/node_modules/.package-lock.json: e2e/package-lock.json | need-node
	cd e2e && $(NPM) ci --ignore-scripts
	@touch $@

##@ Parts of check

.PHONY: fmt
fmt: ## Every Go file is formatted
	@files="$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go'))"; \
	if [ -n "$$files" ]; then echo "not formatted, run gofmt -w on:"; echo "$$files"; exit 1; fi

.PHONY: vet
vet: ## go vet
	$(GO) vet ./...

.PHONY: lint
lint: ## staticcheck, pinned
	$(GO) run $(STATICCHECK) ./...

.PHONY: mod
mod: ## go.mod and go.sum say exactly what is used, and the modules are what was signed
	$(GO) mod tidy -diff
	$(GO) mod verify

# The race detector is the one thing here that needs a C compiler.
.PHONY: race
race: need-postgresql need-gcc ## Go tests under the race detector
	$(WITHPG) env CGO_ENABLED=1 $(GOTEST) -race $(TESTFLAGS) ./...

# The sum is taken before and after, so that a tree with work in progress can be checked too.
.PHONY: fresh
fresh: ## Generated files are what their generators print
	@before="$$(git diff | sha256sum; git status --porcelain)"; \
	$(GO) generate ./...; \
	after="$$(git diff | sha256sum; git status --porcelain)"; \
	if [ "$$before" != "$$after" ]; then \
		echo "generated files were stale; go generate has renewed them:"; git diff --stat; exit 1; fi

# What has to be on the machine. Each one names the Debian package that brings it.

.PHONY: need-node
need-node:
	@command -v $(NODE) >/dev/null && command -v $(NPM) >/dev/null || \
		{ echo "node and npm are missing: apt-get install nodejs npm"; exit 1; }
	@$(NODE) -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' || \
		{ echo "node $$($(NODE) --version) is too old: 20 or later, as in Debian 13, is needed"; exit 1; }

.PHONY: need-chromium
need-chromium:
	@test -x $(CHROMIUM) || \
		{ echo "$(CHROMIUM) is missing: apt-get install chromium (or CHROMIUM=PATH)"; exit 1; }

# The examples of the documentation are run as they stand.
.PHONY: need-curl
need-curl:
	@command -v curl >/dev/null || { echo "curl is missing: apt-get install curl"; exit 1; }

.PHONY: need-postgresql
need-postgresql:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		{ echo "PostgreSQL is missing: apt-get install postgresql"; exit 1; }

.PHONY: need-gcc
need-gcc:
	@command -v gcc >/dev/null || \
		{ echo "a C compiler is missing: apt-get install gcc libc6-dev"; exit 1; }
