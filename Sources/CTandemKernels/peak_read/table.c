/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "peak_read.inc"
#undef TANDEMK_KERNEL

static const tandemk_peak_read_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "peak_read.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(peak_read)

uint64_t tandemk_peak_read(const void *base, size_t bytes) {
    assert((uintptr_t)base % 64 == 0 && bytes % 256 == 0);
    return run(base, bytes);
}
