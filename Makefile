# 一口问 yikouwen. The targets are short because the work is in scripts/, which also run without make.
#
# Everything is built with the profile `ci` (Cargo.toml) unless PROFILE says otherwise: dependencies optimised a little,
# no debug information. `make run` and `make test` then share one build. For measuring: make run PROFILE=release

PROFILE ?= ci
export PROFILE

.DEFAULT_GOAL := help
.PHONY: help run test test-llama check web bench bench-assist soak-assist bench-retrieval report clean

help: ## Prints this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Builds everything and serves the demo city on http://127.0.0.1:8080. ARGS="…" go to `yikouwen serve`.
	@scripts/run.sh $(ARGS)

test: ## Everything CI runs: checks, Rust and web tests, browser stories.
	@scripts/test.sh

test-llama: ## Tests beside llama.cpp with a model of random weights; compiles it the first time, a quarter of an hour.
	@scripts/test-llama.sh

check: ## Format, lints, documentation, dependencies, types: what can be judged without running.
	@scripts/check.sh

web: ## Builds the citizen's widget and the helpers' desk into web/dist.
	@scripts/web.sh

bench: web ## Whole-process figures: messages a second, waiting times, cold start, memory.
	cargo bench --locked --bench load

bench-assist: web ## The shared screen's relay beside a bare one: 200 pages at 10 Hz. ROOMS, SECONDS in the environment.
	cargo bench --locked --bench assist_relay

soak-assist: ## A shared form for two hours of real time: heap, bytes, long tasks. MINUTES in the environment.
	@scripts/soak-assist.sh

bench-retrieval: ## The search beside SQLite FTS5, bm25s and plain tantivy: speed, memory, right answers. ARGS="--sizes 5000"
	@scripts/bench-retrieval.sh $(ARGS)

report: ## Everything that is measured without a model, as a page and as JSON, in target/report. Takes minutes.
	@scripts/report.sh $(ARGS)

clean: ## Removes what was built; data/ stays.
	rm -rf target web/dist web/node_modules tests/e2e/node_modules
