# The commit that 'pontoon --version' prints. Package.swift reads this variable.
BUILD_COMMIT ?= $(shell Scripts/commit)
export BUILD_COMMIT

.PHONY: help run build check test dist test-dist docs man bench bench-smoke format lint clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 20

run: ## build and start a server with its data in ./data, and upload a test file (DATA=… LISTEN=…)
	@Scripts/run

build: ## build the release binaries .build/release/pontoond and .build/release/pontoon
	@Scripts/setup --run
	swift build -c release --product pontoond
	swift build -c release --product pontoon

check: ## run the quick checks: lint, debug build, unit and in-process tests (ARGS='--filter …')
	@Scripts/check $(ARGS)

test: ## run all checks, as CI does: lint, builds, all tests, benchmark smoke runs (ARGS='--filter …')
	@Scripts/test $(ARGS)

dist: ## build the archives and Debian packages of a release in .build-dist/dist
	@Scripts/dist

test-dist: dist ## install, upgrade and remove the Debian packages in a new Debian system; must run as root
	@Scripts/test-dist

docs: man ## build the documentation site in .build/site, and the DocC documentation of PontoonClient in .build/docs
	@Scripts/site .build/site .build/release/pontoon .build/release/pontoond
	@Scripts/docs

man: ## build the programs and write their man pages to .build/man
	@Scripts/man .build/man

bench: build ## compare the speed with nginx, SeaweedFS and others, in about 16 minutes (ARGS='--only 1,3')
	@Benchmarks/speed/run $(ARGS)

bench-smoke: build ## run the same benchmark once with little data, to check that it works
	@Benchmarks/speed/run --smoke

format: ## format all Swift files
	swift format --in-place --parallel --recursive Sources Tests Package.swift

lint: ## check format, language, links and shell scripts without changing anything
	@Scripts/lint

clean: ## delete build products and Python environments, but no data
	rm -rf .build .build-dist .venv .venv-bench
