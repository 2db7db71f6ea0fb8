/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "peak_f32.inc"
#undef TANDEMK_KERNEL

static const tandemk_peak_f32_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "peak_f32.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(peak_f32)

size_t tandemk_peak_f32(size_t rounds, float *ret_sink) { return run(rounds, ret_sink); }
