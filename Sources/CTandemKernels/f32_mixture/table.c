/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "f32_mixture.inc"
#undef TANDEMK_KERNEL

static const tandemk_f32_mixture_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "f32_mixture.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(f32_mixture)

void tandemk_f32_mixture(
    size_t m, size_t dim, size_t count, const float *gates, size_t ldg, const tandemk_rows *experts,
    float *out, size_t ldo
) {
    assert(m <= 1 || ldo >= dim);
    run(m, dim, count, gates, ldg, experts, out, ldo);
}
