/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "f32_gather.inc"
#undef TANDEMK_KERNEL

static const tandemk_f32_gather_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "f32_gather.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(f32_gather)

void tandemk_f32_gather(
    size_t m, size_t dim, size_t vocabulary, const float *table, const int32_t *ids,
    size_t id_stride, float *out, size_t ldo
) {
    assert(m <= 1 || ldo >= dim);
    run(m, dim, vocabulary, table, ids, id_stride, out, ldo);
}
