/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY qr8_f32_gru_cell
#define REGISTER "qr8_f32_gru_cell/qr8_f32_gru_cell.inc"
#include "../table.h"

void tandemk_qr8_f32_gru_cell(
    size_t m, size_t n, size_t vocabulary, const int8_t *table, const float *scale,
    const int32_t *ids, size_t id_stride, const float *products, size_t ldp, float *h
) {
    assert(m <= 1 || ldp >= 3 * n);
    run(m, n, vocabulary, table, scale, ids, id_stride, products, ldp, h);
}
