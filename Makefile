# `make` lists the targets for people; `sam build` calls build-<Function>.

# SAM can run this file from a copy outside git; set VERSION there.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# The flags of every build of a function: no net/rpc, no paths of the build machine, no debugging
# information.
BUILD_FLAGS = -tags lambda.norpc -trimpath -ldflags '-s -w -X related-ro/pkg/boot.Version=$(VERSION)'
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT = github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# The template's parameter Architecture, mapped to Go's names.
ARCHITECTURE ?= arm64
GOARCH_arm64 = arm64
GOARCH_x86_64 = amd64

export CGO_ENABLED = 0

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ' *## ' '/^[a-z-]+:.*## / {sub(":.*", "", $$1); printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build native binaries of the functions and the local stack into bin/
	go build $(BUILD_FLAGS) -o bin/ ./functions/... ./infra/local

.PHONY: run
run: build ## Run the whole system on this machine, with sample data, until Ctrl-C
	@bin/local -bin bin

.PHONY: demo
demo: build ## Run the product's story once, on free ports; fails on an unexpected answer
	@bin/local demo -bin bin

# Without vet, which would take 24 s of processor time here and in race: `make lint` does it.
.PHONY: test
test: ## Run all tests that need only Go
	go test -vet=off -shuffle=on ./...

# Covers the packages whose goroutines share memory: the product, the engines and the local stack.
# -short checks each property a fifth as often as `make test` does.
.PHONY: race
race: ## Run the tests with the race detector; needs a C compiler
	@if command -v "$$(go env CC)" >/dev/null; then \
		CGO_ENABLED=1 go test -vet=off -race -short -shuffle=on $$(go list ./pkg/... ./infra/emulators/... ./infra/local/... | \
			grep -v -e '/infra/local$$' -e /emulators/template -e /pkg/console); \
	else echo "skipped: the race detector needs a C compiler, and there is no $$(go env CC)"; [ "$$CI" != true ]; fi

.PHONY: lint
lint: ## Check formatting, go vet, staticcheck and the workflow
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...
	go run $(ACTIONLINT)

.PHONY: check
check: lint test ## Check a change before you commit it; needs only Go, about five minutes

.PHONY: ci
ci: ## Run every check as CI does; as root it installs missing tools
	@bash .ci/run

.PHONY: soak
N ?= 2000
soak: ## Send N=2000 messages at once through a failing system and check every case
	SOAK_MESSAGES=$(N) go test -C infra/checks/soak -count=1 -timeout 20m -v -run '^TestSoak$$'

# The output is in the format of benchstat, with the goals of each package in a Markdown table.
.PHONY: bench
bench: ## Measure speed and cost against references into bin/bench.txt; about ten minutes
	@mkdir -p bin
	RELATEDRO_BROWSER=1 go test -run '^$$' -bench . -benchtime 1x -timeout 20m ./infra/checks/bench ./infra/checks/soak ./infra/checks/browser | tee bin/bench.txt
	@echo; awk '/^\|/ && !seen[$$0]++' bin/bench.txt; ! grep -q '^FAIL' bin/bench.txt

.PHONY: bench-smoke
bench-smoke: ## Count requests, capacity units and allocations, as `make test` does
	go test -count=1 -v -run '^TestCounts$$' ./infra/checks/bench

.PHONY: docs
docs: ## Render the HTTP contract as one page, bin/api.html
	go run ./infra/contracts/render -o bin/api.html

.PHONY: package
package: ## Write the elements as an npm package into bin/npm
	rm -rf bin/npm
	go run -C pkg/console ./pack -npm $(CURDIR)/bin/npm -version $(patsubst v%,%,$(if $(filter v%,$(VERSION)),$(VERSION),0.0.0))

.PHONY: fuzz-api
fuzz-api: build ## Fuzz the whole API from its contract; needs Python 3
	go run ./infra/checks/fuzz -bin bin

.PHONY: deploy
deploy: ## Build and deploy a stage to AWS, CONFIG=dev, staging or prod; needs SAM CLI and AWS credentials
	@go run ./infra/checks/sam deploy "$(CONFIG)"

.PHONY: test-clients
test-clients: build ## Lint the HTTP contract, generate clients and run them; needs npm, Python 3, Java, Maven
	RELATEDRO_CLIENTS=1 go test -C infra/checks/clients -count=1 -timeout 15m
	go run ./infra/checks/clients/generated -bin bin

.PHONY: test-sam
test-sam: ## Check, build and run the functions with AWS's SAM CLI; needs Python 3, Docker and busybox
	RELATEDRO_SAM=1 go test -C infra/checks/sam -count=1 -timeout 20m

.PHONY: test-deploy
test-deploy: ## Create the stack on a third-party AWS emulator, run the story and an update; needs Python 3
	RELATEDRO_DEPLOY=1 go test -C infra/checks/deploy -count=1 -timeout 10m

.PHONY: conformance
conformance: ## Run tests against other engines, all or ENGINES="moto …"; needs Python 3, Java, Maven, npm
	go run ./infra/checks/conformance -engines "$(ENGINES)"

.PHONY: deps
deps: ## List direct dependencies that have a newer version
	@go list -m -u -f '{{if and .Update (not .Indirect)}}{{.Path}} {{.Version}} -> {{.Update.Version}}{{end}}' all

.PHONY: test-browser
test-browser: ## Test the console in a real browser; needs Chromium and npm
	RELATEDRO_BROWSER=1 go test -C infra/checks/browser -count=1 -parallel 4 -timeout 20m

.PHONY: supply
supply: build ## Write each function's bill of materials into bin/sbom and look for known vulnerabilities
	go run ./infra/checks/supply -bin bin

.PHONY: screenshots
screenshots: ## Write images of every placement into screenshots/; needs Chromium
	RELATEDRO_BROWSER=1 RELATEDRO_SCREENSHOTS=$(CURDIR)/screenshots go test -C infra/checks/browser -count=1 -run '^TestScreenshots$$'

.PHONY: clean
clean: ## Remove build output
	rm -rf bin .aws-sam

# `sam build` calls these with the function's logical ID and ARTIFACTS_DIR: ExportFunction is
# functions/export. SAM does not pass on the template's Architecture, so any value other than arm64
# must be set twice:
#   ARCHITECTURE=x86_64 sam build --parameter-overrides Architecture=x86_64
.PHONY: always
build-%Function: always
	$(if $(GOARCH_$(ARCHITECTURE)),,$(error ARCHITECTURE is $(ARCHITECTURE), not arm64 or x86_64))
	$(if $(ARTIFACTS_DIR),,$(error ARTIFACTS_DIR is not set; sam build sets it))
	GOOS=linux GOARCH=$(GOARCH_$(ARCHITECTURE)) go build $(BUILD_FLAGS) -o $(ARTIFACTS_DIR)/bootstrap ./functions/$$(echo $* | tr A-Z a-z)
