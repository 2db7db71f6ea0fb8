/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_pool
#define REGISTER "f32_pool/f32_pool.inc"
#include "../table.h"

void tandemk_f32_pool(
    tandemk_pool mode, size_t m, size_t dim, size_t vocabulary, const float *table,
    const int32_t *ids, size_t ld_ids, const int32_t *lengths, float *out, size_t ldo
) {
    assert(m <= 1 || ldo >= dim);
    run(mode, m, dim, vocabulary, table, ids, ld_ids, lengths, out, ldo);
}
