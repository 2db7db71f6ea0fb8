/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "f32_pool.inc"
#undef TANDEMK_KERNEL

static const tandemk_f32_pool_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "f32_pool.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(f32_pool)

void tandemk_f32_pool(
    tandemk_pool mode, size_t m, size_t dim, size_t vocabulary, const float *table,
    const int32_t *ids, size_t ld_ids, const int32_t *lengths, float *out, size_t ldo
) {
    assert(m <= 1 || ldo >= dim);
    run(mode, m, dim, vocabulary, table, ids, ld_ids, lengths, out, ldo);
}
