/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_gather
#define REGISTER "f32_gather/f32_gather.inc"
#include "../table.h"

void tandemk_f32_gather(
    size_t m, size_t dim, size_t vocabulary, const float *table, const int32_t *ids,
    size_t id_stride, float *out, size_t ldo
) {
    assert(m <= 1 || ldo >= dim);
    run(m, dim, vocabulary, table, ids, id_stride, out, ldo);
}
