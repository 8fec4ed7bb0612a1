# Everything a developer needs; `make help` lists it. Only Go is assumed: what else a target needs, it fetches.
GO      ?= go
BIN     := bin/pawl
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)

# The first build is compiling and little else. The debugging data that -s -w strips is not made at all, and in packages that no
# request waits for nothing is inlined, which nearly halves their share.
COLD    := github.com/jackc/pgx/v5/... github.com/prometheus/... github.com/spf13/... github.com/twmb/franz-go/... go.yaml.in/...
GCFLAGS := -gcflags=all=-dwarf=false $(foreach p,$(COLD),'-gcflags=$(p)=-dwarf=false -l')

.PHONY: help build run demo test unit interop kgo race lint fuzz soak bench bench-registry bench-broker clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

build: ## build bin/pawl
	CGO_ENABLED=0 $(GO) build -trimpath $(GCFLAGS) -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/pawl

run: build ## build and serve on 127.0.0.1:8081 (registry) and 127.0.0.1:9092 (Kafka), data in ./pawl-data
	$(BIN) serve

demo: build ## the whole path on real records, in a temporary folder, under a minute
	$(BIN) demo

test: unit interop ## every test; installs what the tests need

unit: ## the tests of the main module
	scripts/test-deps
	$(GO) test -timeout 10m ./...

interop: ## foreign clients against a started server
	scripts/test-deps
	cd tests/interop && $(GO) test -timeout 15m -count=1 -parallel 8 ./...

race: ## the concurrent packages under the race detector
	$(GO) test -race -timeout 15m ./registry/... ./broker/... ./internal/... ./serde/... ./client/... ./compat/...

lint: ## golangci-lint, at the pinned version
	scripts/lint

fuzz: ## every fuzz target for FUZZTIME (10s)
	scripts/fuzz $${FUZZTIME:-10s}

kgo: ## the tests of franz-go's own client against a started server
	scripts/kgo-suite

soak: build ## the same proofs with bigger numbers
	PAWL_SOAK=1 $(GO) test -timeout 60m -count=1 ./tests/crash/... ./tests/powerloss/... ./registry/embedded/... ./tests/soundness/... ./tests/cluster/...

bench: ## the benchmarks, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-registry: build ## what the registry costs on each store, and PEER=[name=]URL[,process] in the same run; fills them
	scripts/test-deps
	$(GO) run ./tests/bench/registry -pawl $(BIN) $(BENCHFLAGS) $(PEER)

bench-broker: build ## the broker beside kfake and Apache Kafka, on this machine; fetches what it needs (BENCHFLAGS='-rounds 2 -mb 64')
	cd tests/bench/broker && $(GO) run . -kafka "$$(../../../scripts/kafka-jars)" $(BENCHFLAGS)

clean: ## remove what the targets made
	rm -rf bin .cache
