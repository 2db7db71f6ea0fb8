/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY qr8_f32_pool
#define REGISTER "qr8_f32_pool/qr8_f32_pool.inc"
#include "../table.h"

void tandemk_qr8_f32_pool(
    tandemk_pool mode, size_t m, size_t dim, size_t vocabulary, const int8_t *table,
    const float *scale, const int32_t *ids, size_t ld_ids, const int32_t *lengths, float *out,
    size_t ldo
) {
    assert(m <= 1 || ldo >= dim);
    run(mode, m, dim, vocabulary, table, scale, ids, ld_ids, lengths, out, ldo);
}
