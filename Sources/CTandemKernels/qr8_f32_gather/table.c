/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY qr8_f32_gather
#define REGISTER "qr8_f32_gather/qr8_f32_gather.inc"
#include "../table.h"

void tandemk_qr8_f32_gather(
    size_t m, size_t dim, size_t vocabulary, const int8_t *table, const float *scale,
    const int32_t *ids, size_t id_stride, float *out, size_t ldo
) {
    assert(m <= 1 || ldo >= dim);
    run(m, dim, vocabulary, table, scale, ids, id_stride, out, ldo);
}
