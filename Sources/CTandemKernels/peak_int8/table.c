/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "peak_int8.inc"
#undef TANDEMK_KERNEL

static const tandemk_peak_int8_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "peak_int8.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(peak_int8)

size_t tandemk_peak_int8(size_t rounds, int32_t *ret_sink) { return run(rounds, ret_sink); }
