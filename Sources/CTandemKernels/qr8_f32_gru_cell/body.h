/* One position of a GRU whose inputs are rows of an int8 table. Include a vocabulary and define
 * KERNEL first. */
#include "../lanes/gru.h"
#include "../lanes/lookup.h"

tandemk_qr8_f32_gru_cell_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t n, size_t vocabulary, const int8_t *rows, const float *scale,
    const int32_t *ids, size_t id_stride, const float *products, size_t ldp, float *h
) {
    qr8_table table = qr8_table_of(vocabulary, 3 * n, rows, scale);
    for (size_t i = 0; i < m; i++, products += ldp, h += n) {
        size_t id = lookup_row(vocabulary, ids[i * id_stride]);
        vf s = v_set(qr8_scale(table, id));
        gru_row((cell_gates){products, NULL, qr8_row(table, id), s}, n, h);
    }
}
