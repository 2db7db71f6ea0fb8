/* Rows of an int8 table, dequantised. Include a vocabulary and define KERNEL first. */
#include "../lanes/lookup.h"

tandemk_qr8_f32_gather_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t dim, size_t vocabulary, const int8_t *table, const float *scale,
    const int32_t *ids, size_t id_stride, float *out, size_t ldo
) {
    for (size_t i = 0; i < m; i++) {
        if (i + LOOKUP_AHEAD < m) {
            int32_t later = ids[(i + LOOKUP_AHEAD) * id_stride];
            lookup_prefetch(table, dim, vocabulary, later);
            lookup_prefetch(scale, sizeof *scale, vocabulary, later);
        }
        size_t id = lookup_row(vocabulary, ids[i * id_stride]), j = 0;
        const int8_t *row = table + dim * id;
        float *y = out + i * ldo;
        vf s = v_set(scale[id]);
        for (; j + LANES <= dim; j += LANES) v_store(y + j, v_mul(v_load_i8(row + j), s));
        if (j < dim) v_store_part(y + j, dim - j, v_mul(v_load_i8_part(row + j, dim - j), s));
    }
}
