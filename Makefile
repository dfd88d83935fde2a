# A thin front for meson and ninja; `make help` lists what there is.
BUILD ?= build
MESON_ARGS ?=

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@tests/install-deps --build
	@meson setup $(BUILD) $(MESON_ARGS) >/dev/null

check:
	@tests/check

.PHONY: all check
