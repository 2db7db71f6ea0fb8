/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "f32_layer_norm.inc"
#undef TANDEMK_KERNEL

static const tandemk_f32_layer_norm_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "f32_layer_norm.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(f32_layer_norm)

void tandemk_f32_layer_norm(
    size_t m, size_t n, const float *x, size_t ldx, const float *gamma, const float *beta,
    float epsilon, float *y, size_t ldy
) {
    assert(m <= 1 || ldy >= n);
    run(m, n, x, ldx, gamma, beta, epsilon, y, ldy);
}
