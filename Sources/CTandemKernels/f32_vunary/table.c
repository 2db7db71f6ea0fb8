/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "f32_vunary.inc"
#undef TANDEMK_KERNEL

static const tandemk_f32_vunary_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "f32_vunary.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(f32_vunary)

void tandemk_f32_vunary(
    tandemk_unary operation, size_t m, size_t n, const float *x, size_t ldx, float *y, size_t ldy
) {
    assert((unsigned)operation < TANDEMK_UNARY_COUNT);
    assert(m <= 1 || ldy >= n);
    run(operation, m, n, x, ldx, y, ldy);
}
