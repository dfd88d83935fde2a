# A thin front for meson and ninja; `make help` lists what there is.
BUILD ?= build
BUILD_RELEASE ?= build-release
MESON_ARGS ?=
PREFIX ?= /usr/local
DESTDIR ?=
# Further names to install skep under, as links. A program of that name that is not
# ours stays as it is.
ALIASES ?= bpftrace bpftool

BINDIR = $(DESTDIR)$(PREFIX)/bin
MANDIR = $(DESTDIR)$(PREFIX)/share/man/man1
BASHDIR = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSHDIR = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISHDIR = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
TOOLSDIR = $(DESTDIR)$(PREFIX)/share/skep/tools

all: $(BUILD)/build.ninja ## build build/skep (debug information, warnings are errors)
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@tests/install-deps --build
	@meson setup $(BUILD) $(MESON_ARGS) >/dev/null

check: ## install what tests need, build, run every suite
	@tests/check

demo: all ## trace a real command on this machine and explain what is seen
	@tests/demo $(BUILD)/skep

bench: release ## measure skep beside bpftrace and hand-written C (10 minutes, root; BENCH_ARGS)
	@tests/install-deps --differential || echo "without bpftrace"
	@bench/run $(BENCH_ARGS)

fuzz: all ## feed mutated input to every reader, the verifier and the JIT, ten minutes each (FUZZ_ARGS="--seconds N")
	@tests/fuzz/run $(or $(FUZZ_ARGS),--seconds 600)

# Debian's static libraries are what is linked; --gc-sections then drops four fifths of them.
# Warnings stay warnings here: other compilers have others, and a user can't mend them.
release: $(BUILD_RELEASE)/build.ninja ## build build-release/skep: static, stripped, small
	@ninja -C $(BUILD_RELEASE) --quiet skep
	@wc -c $(BUILD_RELEASE)/skep | awk '{ printf "%s: %.2f MB\n", $$2, $$1 / 1e6 }'

$(BUILD_RELEASE)/build.ninja:
	@tests/install-deps --build
	@meson setup $(BUILD_RELEASE) -Dstatic=true --buildtype=release -Doptimization=2 \
		-Dwerror=false -Dc_args='-ffunction-sections -fdata-sections' \
		-Dc_link_args='-Wl,--gc-sections -s' $(MESON_ARGS) >/dev/null

install: release ## install the release build below PREFIX (and DESTDIR)
	install -d $(BINDIR) $(MANDIR) $(BASHDIR) $(ZSHDIR) $(FISHDIR) $(TOOLSDIR)
	install -m 755 $(BUILD_RELEASE)/skep $(BINDIR)/skep
	install -m 644 man/skep.1 $(MANDIR)/skep.1
	install -m 644 completion/skep.bash $(BASHDIR)/skep
	install -m 644 completion/_skep $(ZSHDIR)/_skep
	install -m 644 completion/skep.fish $(FISHDIR)/skep.fish
	install -m 755 tools/*.bt $(TOOLSDIR)
	@for script in tools/*.bt; do \
		name=$$(basename $$script .bt); \
		$(BUILD_RELEASE)/skep tools --man $$name >$(MANDIR)/skep-$$name.1 || exit 1; \
	done
	@for name in $(ALIASES); do \
		target=$(BINDIR)/$$name; \
		if [ "$$(readlink $$target)" = skep ]; then :; \
		elif [ -e $$target ] || [ -L $$target ]; then \
			echo "$$target is another program, left as it is"; \
		else ln -s skep $$target && echo "$$target -> skep"; fi; \
	done

uninstall: ## remove what install put there
	rm -f $(BINDIR)/skep $(MANDIR)/skep.1 $(MANDIR)/skep-*.1 $(BASHDIR)/skep $(ZSHDIR)/_skep \
		$(FISHDIR)/skep.fish
	rm -rf $(TOOLSDIR)
	@for name in $(ALIASES); do \
		if [ "$$(readlink $(BINDIR)/$$name)" = skep ]; then rm -f $(BINDIR)/$$name; fi; \
	done

clean: ## remove build directories
	rm -rf $(BUILD) $(BUILD_RELEASE) build-bench

format: ## bring C sources into the style of .clang-format (FILES=... for some of them)
	@command -v clang-format >/dev/null || tests/install-deps clang-format
	@clang-format -i $(or $(FILES),$(shell git ls-files '*.c' '*.h'))

help: ## this list
	@awk -F ':[^#]*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "Variables: BUILD=$(BUILD) MESON_ARGS= PREFIX=$(PREFIX) DESTDIR= ALIASES=$(ALIASES)"

.PHONY: all check demo bench fuzz release install uninstall clean format help
