.PHONY: help run build test format lint clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

run: ## build, start on ./data at 127.0.0.1:8080, send a first file, keep serving (DATA=… LISTEN=…)
	@Scripts/run

build: ## the release binary, .build/release/pontoond
	@Scripts/setup --run
	swift build -c release --product pontoond

test: ## every check: format, build, all tests, none skipped (ARGS='--filter …')
	@Scripts/test $(ARGS)

format: ## put all Swift files in the one format
	swift format --in-place --parallel --recursive Sources Tests Package.swift

lint: ## only check the format
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

clean: ## remove what was built and .venv, not the data
	rm -rf .build .venv
