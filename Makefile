# What one does here. `make help` lists it.

# In CI every run starts from a fresh clone: what Cargo has built is kept in the cache folder, one for each lock file and toolchain.
ifdef CI
cache := $(or $(TERRACE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/terrace)
export CARGO_TARGET_DIR ?= $(cache)/target-$(shell cat Cargo.lock rust-toolchain.toml | sha256sum | cut -c1-16)
export CARGO_INCREMENTAL ?= 0
endif

daily := -p terrace-crds -p terrace-model -p terrace-tiers -p terrace-engine
# Of the whole workspace, as the tests are built: Cargo chooses the features of a crate by the packages that it is asked for,
# and would compile the AWS SDKs a second time.
build := cargo build --workspace --bins
target = $(or $(CARGO_TARGET_DIR),target)
bed = $(target)/debug/bed

.PHONY: help built demo demo-down bed test daily lint matrix bench image-steps generate

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

built:
	@$(build)

demo: built ## brings up a cluster and an AWS account on this machine, applies examples/web, and leaves it running
	@$(bed) demo

demo-down: built ## ends what `make demo` left running
	@$(bed) down

bed: built ## brings up an empty cluster and AWS account, until Ctrl-C
	@$(bed) up

test: ## everything: format, lints, and all tests, with their totals at the end
	@tests/run-all

daily: ## the tests that take seconds: custom resources, model, tiers, engine
	cargo test $(daily)

lint: ## format and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

matrix: ## the crash matrix whole: every fault at every I/O point in the life of every graph; takes hours (GRAPHS=smallest,proxy for some)
	TERRACE_MATRIX=$(or $(GRAPHS),full) cargo test --release --package terrace-engine --test engine crash:: -- --nocapture

bench: ## prints the benchmark's figures
	$(build) --release
	$(target)/release/bench

image-steps: ## runs the Dockerfile's steps in a clean folder, without an engine, and prints what the image holds
	python3 tests/tools/python/image.py . $(shell mktemp --directory)

generate: built ## writes crds/yaml, the chart's files, deploy/terrace.yaml and argocd/argocd-cm.yaml from the types, the Lua files and what the code says it does
	cargo run --quiet --package terrace-crds --bin generate-crds -- crds/yaml charts/terrace/files/crds
	$(target)/debug/terrace policy --output rbac > charts/terrace/files/rbac.yaml
	$(target)/debug/generate-argocd
	$(bed) base > deploy/terrace.yaml
