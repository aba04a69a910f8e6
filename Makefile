# Two commands matter: `make run` brings a server, a relay and their URLs up; `make test` passes the tests.

GO  ?= go
BIN := bin
export CGO_ENABLED ?= 0

.PHONY: all web build run test lint bench bench-relay clean help

all: build

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

web: ## build the web phone that taciturnd serves
	$(GO) generate ./cmd/taciturnd/web

build: web ## compile taciturnd, taciturn and callsim into bin/
	$(GO) build -trimpath -o $(BIN)/ ./cmd/taciturnd ./cmd/taciturn ./cmd/callsim

run: build ## start signaling and relay on loopback; it says how to place the first call
	@exec $(BIN)/taciturnd

test: ## pass the tests
	$(GO) test ./...

lint: ## gofmt, vet, staticcheck, tidy
	@.ci/lint

bench: ## benchmarks of every package, once each
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-relay: ## our relay beside a raw forwarder, coturn and pion: ARGS=-quick for a minute, ARGS=-help for more
	$(GO) build -trimpath -o $(BIN)/turnbench ./turn/turnbench
	@$(BIN)/turnbench $(ARGS)

clean: ## remove what build made
	rm -rf $(BIN)
