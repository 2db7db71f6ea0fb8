/* Sum or mean of rows of a float table. Include a vocabulary and define KERNEL first.
 *
 * A block of columns stays in registers over all positions of a row: the sums are never stored and
 * loaded again. Wide embeddings walk the positions once a block, and find the rows in the cache
 * from the first block on. */
#include "../lanes/lookup.h"

/* Columns j to j + vectors * LANES of one row; `part` lanes if there is less than one vector
 * left. */
LANES_FN void columns(
    size_t j, int vectors, size_t part, tandemk_pool mode, size_t dim, size_t vocabulary,
    const float *table, const int32_t *ids, size_t length, list_walk *ahead, float *y
) {
    vf sum[4];
    for (int v = 0; v < vectors; v++) sum[v] = v_set(0);
    for (size_t p = 0; p < length; p++) {
        if (j == 0)
            lookup_prefetch(table, dim * sizeof *table, vocabulary, list_walk_next(ahead));
        const float *row = table + dim * lookup_row(vocabulary, ids[p]) + j;
        for (int v = 0; v < vectors; v++)
            sum[v] = v_add(sum[v], part ? v_load_part(row, part) : v_load(row + v * LANES));
    }
    for (int v = 0; v < vectors; v++) {
        vf out = mode == TANDEMK_POOL_MEAN && length ? v_div(sum[v], v_set((float)length)) : sum[v];
        if (part) v_store_part(y + j, part, out);
        else v_store(y + j + v * LANES, out);
    }
}

tandemk_f32_pool_fn KERNEL;
LANES_KERNEL void KERNEL(
    tandemk_pool mode, size_t m, size_t dim, size_t vocabulary, const float *table,
    const int32_t *ids, size_t ld_ids, const int32_t *lengths, float *out, size_t ldo
) {
    const size_t row_bytes = dim * sizeof *table;
    list_walk ahead = list_walk_of(m, ids, ld_ids, lengths, vocabulary * row_bytes);
    for (int p = 0; p < POOL_AHEAD; p++)
        lookup_prefetch(table, row_bytes, vocabulary, list_walk_next(&ahead));
    for (size_t i = 0; i < m; i++, ids += ld_ids, out += ldo) {
        size_t length = lookup_length(ld_ids, lengths[i]), j = 0;
        for (; j + 4 * LANES <= dim; j += 4 * LANES)
            columns(j, 4, 0, mode, dim, vocabulary, table, ids, length, &ahead, out);
        for (; j + 2 * LANES <= dim; j += 2 * LANES)
            columns(j, 2, 0, mode, dim, vocabulary, table, ids, length, &ahead, out);
        if (j + LANES <= dim) {
            columns(j, 1, 0, mode, dim, vocabulary, table, ids, length, &ahead, out);
            j += LANES;
        }
        if (j < dim) columns(j, 1, dim - j, mode, dim, vocabulary, table, ids, length, &ahead, out);
    }
}
