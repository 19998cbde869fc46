.PHONY: help run build test bench bench-smoke format lint clean

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile

run: ## build, start on ./data at 127.0.0.1:8080, send a first file, keep serving (DATA=… LISTEN=…)
	@Scripts/run

build: ## the release binaries, .build/release/pontoond and pontoon
	@Scripts/setup --run
	swift build -c release --product pontoond
	swift build -c release --product pontoon

test: ## every check: format, build, all tests, none skipped (ARGS='--filter …')
	@Scripts/test $(ARGS)

bench: build ## measure beside nginx, SeaweedFS and others; about 15 minutes (ARGS='--only 1,3')
	@Benchmarks/speed/run $(ARGS)

bench-smoke: build ## the same once, small: does it still work?
	@Benchmarks/speed/run --smoke

format: ## put all Swift files in the one format
	swift format --in-place --parallel --recursive Sources Tests Package.swift

lint: ## only check the format
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

clean: ## remove what was built and the Python environments, not the data
	rm -rf .build .venv .venv-bench Benchmarks/speed/constant/.build
