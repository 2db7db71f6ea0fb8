/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "f32_softmax.inc"
#undef TANDEMK_KERNEL

static const tandemk_f32_softmax_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "f32_softmax.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(f32_softmax)

void tandemk_f32_softmax(size_t m, size_t n, const float *x, size_t ldx, float *y, size_t ldy) {
    assert(m <= 1 || ldy >= n);
    run(m, n, x, ldx, y, ldy);
}
