/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "f32_vbinary.inc"
#undef TANDEMK_KERNEL

static const tandemk_f32_vbinary_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "f32_vbinary.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(f32_vbinary)

void tandemk_f32_vbinary(
    tandemk_binary operation, size_t m, size_t n, tandemk_operand a, tandemk_operand b, float *c,
    size_t ldc
) {
    assert((unsigned)operation < TANDEMK_BINARY_COUNT && a.step <= 1 && b.step <= 1);
    assert(m <= 1 || ldc >= n);
    run(operation, m, n, a, b, c, ldc);
}
