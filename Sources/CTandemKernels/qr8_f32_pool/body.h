/* Sum or mean of rows of an int8 table with a scale a row. Include a vocabulary and define KERNEL
 * first. The same walk as f32_pool/body.h, which says why. */
#include "../lanes/lookup.h"

/* Columns j to j + vectors * LANES of one row; `part` lanes if there is less than one vector
 * left. */
LANES_FN void columns(
    size_t j, int vectors, size_t part, tandemk_pool mode, qr8_table table, const int32_t *ids,
    size_t length, list_walk *ahead, float *y
) {
    vf sum[4];
    for (int v = 0; v < vectors; v++) sum[v] = v_set(0);
    for (size_t p = 0; p < length; p++) {
        if (j == 0) qr8_prefetch(table, list_walk_next(ahead));
        size_t id = lookup_row(table.vocabulary, ids[p]);
        const int8_t *row = qr8_row(table, id) + j;
        vf s = v_set(qr8_scale(table, id));
        for (int v = 0; v < vectors; v++)
            sum[v] =
                v_fma(part ? v_load_i8_part(row, part) : v_load_i8(row + v * LANES), s, sum[v]);
    }
    for (int v = 0; v < vectors; v++) {
        vf out = mode == TANDEMK_POOL_MEAN && length ? v_div(sum[v], v_set((float)length)) : sum[v];
        if (part) v_store_part(y + j, part, out);
        else v_store(y + j + v * LANES, out);
    }
}

tandemk_qr8_f32_pool_fn KERNEL;
LANES_KERNEL void KERNEL(
    tandemk_pool mode, size_t m, size_t dim, size_t vocabulary, const int8_t *rows,
    const float *scale, const int32_t *ids, size_t ld_ids, const int32_t *lengths, float *out,
    size_t ldo
) {
    qr8_table table = qr8_table_of(vocabulary, dim, rows, scale);
    list_walk ahead =
        list_walk_of(m, ids, ld_ids, lengths, table.vocabulary * table.row_bytes);
    for (int p = 0; p < POOL_AHEAD; p++) qr8_prefetch(table, list_walk_next(&ahead));
    for (size_t i = 0; i < m; i++, ids += ld_ids, out += ldo) {
        size_t length = lookup_length(ld_ids, lengths[i]), j = 0;
        for (; j + 4 * LANES <= dim; j += 4 * LANES)
            columns(j, 4, 0, mode, table, ids, length, &ahead, out);
        for (; j + 2 * LANES <= dim; j += 2 * LANES)
            columns(j, 2, 0, mode, table, ids, length, &ahead, out);
        if (j + LANES <= dim) {
            columns(j, 1, 0, mode, table, ids, length, &ahead, out);
            j += LANES;
        }
        if (j < dim) columns(j, 1, dim - j, mode, table, ids, length, &ahead, out);
    }
}
