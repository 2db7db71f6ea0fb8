/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "f32_qd8_quantize.inc"
#undef TANDEMK_KERNEL

static const tandemk_f32_qd8_quantize_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "f32_qd8_quantize.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(f32_qd8_quantize)

void tandemk_f32_qd8_quantize(
    size_t m, size_t k, const float *x, size_t ldx, int8_t *q, size_t ldq, tandemk_qd8_row *rows
) {
    assert(m <= 1 || (ldx >= k && ldq >= tandemk_qd8_stride(k)));
    run(m, k, x, ldx, q, ldq, rows);
}
