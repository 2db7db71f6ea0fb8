/* Rows of a float table. Include a vocabulary and define KERNEL first. */
#include "../lanes/lookup.h"

tandemk_f32_gather_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t dim, size_t vocabulary, const float *table, const int32_t *ids,
    size_t id_stride, float *out, size_t ldo
) {
    for (size_t i = 0; i < m; i++) {
        if (i + LOOKUP_AHEAD < m)
            lookup_prefetch(
                table, dim * sizeof *table, vocabulary, ids[(i + LOOKUP_AHEAD) * id_stride]
            );
        const float *row = table + dim * lookup_row(vocabulary, ids[i * id_stride]);
        float *y = out + i * ldo;
        size_t j = 0;
        for (; j + LANES <= dim; j += LANES) v_store(y + j, v_load(row + j));
        if (j < dim) v_store_part(y + j, dim - j, v_load_part(row + j, dim - j));
    }
}
