/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "qr8_f32_pool.inc"
#undef TANDEMK_KERNEL

static const tandemk_qr8_f32_pool_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "qr8_f32_pool.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(qr8_f32_pool)

void tandemk_qr8_f32_pool(
    tandemk_pool mode, size_t m, size_t dim, size_t vocabulary, const int8_t *table,
    const float *scale, const int32_t *ids, size_t ld_ids, const int32_t *lengths, float *out,
    size_t ldo
) {
    assert(m <= 1 || ldo >= dim);
    run(mode, m, dim, vocabulary, table, scale, ids, ld_ids, lengths, out, ldo);
}
