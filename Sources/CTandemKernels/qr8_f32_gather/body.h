/* Rows of an int8 table, dequantised. Include a vocabulary and define KERNEL first.
 *
 * The fewer instructions a row takes, the more rows the processor has begun, and the more misses it
 * waits for at once. So the usual widths have loops of their own, in which the compiler knows all
 * sizes: 6 % more rows of 64 a second. */
#include "../lanes/lookup.h"

LANES_FN void gather(
    size_t m, size_t dim, qr8_table table, const int32_t *ids, size_t id_stride, float *out,
    size_t ldo
) {
    for (size_t i = 0; i < m; i++, ids += id_stride, out += ldo) {
        if (i + LOOKUP_AHEAD < m) qr8_prefetch(table, ids[LOOKUP_AHEAD * id_stride]);
        size_t id = lookup_row(table.vocabulary, *ids), j = 0;
        const int8_t *row = qr8_row(table, id);
        vf s = v_set(qr8_scale(table, id));
        for (; j + LANES <= dim; j += LANES) v_store(out + j, v_mul(v_load_i8(row + j), s));
        if (j < dim) v_store_part(out + j, dim - j, v_mul(v_load_i8_part(row + j, dim - j), s));
    }
}

tandemk_qr8_f32_gather_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t dim, size_t vocabulary, const int8_t *rows, const float *scale,
    const int32_t *ids, size_t id_stride, float *out, size_t ldo
) {
    if (!scale && dim == 16)
        gather(m, 16, qr8_table_of(vocabulary, 16, rows, NULL), ids, id_stride, out, ldo);
    else if (!scale && dim == 32)
        gather(m, 32, qr8_table_of(vocabulary, 32, rows, NULL), ids, id_stride, out, ldo);
    else if (!scale && dim == 64)
        gather(m, 64, qr8_table_of(vocabulary, 64, rows, NULL), ids, id_stride, out, ldo);
    else gather(m, dim, qr8_table_of(vocabulary, dim, rows, scale), ids, id_stride, out, ldo);
}
