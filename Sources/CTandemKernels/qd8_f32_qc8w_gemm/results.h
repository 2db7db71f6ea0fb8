/* What becomes of a product's sums: floats, or bytes of a grid. Include a vocabulary first.
 *
 * Bytes take some more instructions here than floats, but fewer than a pass over the floats would,
 * and a quarter of the memory: 0.97 of the time of both with 128 inputs and 256 outputs. */
#pragma once

#include "../lanes/grid.h"
#include "panel.h"

/* y, of row i and `columns` <= LANES columns from j on, to where it goes; `bytes` is whether as
 * bytes. Whole vectors are stored without a mask: stores with one kept the next tile's products
 * waiting. */
LANES_FN void store_results(
    const layer *p, size_t i, size_t j, size_t columns, vf y, bool bytes
) {
    if (p->activation == TANDEMK_ACTIVATION_RELU) y = v_max(v_set(0), y);
    if (bytes) {
        const tandemk_qs8_rows *to = &p->to.bytes;
        vi steps = steps_of(v_mul(y, v_set(p->to.inverse)));
        b_store_lanes(to->q + i * to->ldq + j, columns, i_add(steps, i_set((uint32_t)to->zero)));
    } else if (columns == LANES) {
        v_store(p->c + i * p->ldc + j, y);
    } else {
        v_store_part(p->c + i * p->ldc + j, columns, y);
    }
}

/* The sums of row i and `columns` <= LANES columns from j on, which have these scales. */
LANES_FN void finish_lanes(
    const layer *p, size_t i, size_t j, size_t columns, const float *scales, vi sum
) {
    vf scale = v_mul(v_set(p->rows[i].scale), v_load(scales));
    vf bias = p->bias ? v_load_part(p->bias + j, columns) : v_set(0);
    store_results(p, i, j, columns, v_fma(v_from_int(sum), scale, bias), p->to.are_bytes);
}

/* What is told of the rows of bytes, once all their columns are there. */
LANES_FN void finish_rows(const layer *p, size_t m) {
    if (!p->to.are_bytes) return;
    const tandemk_qs8_rows to = p->to.bytes;
    const size_t stride = tandemk_qd8_stride(p->n);
    for (size_t i = 0; i < m; i++) {
        int8_t *q = to.q + i * to.ldq;
        for (size_t j = p->n; j < stride; j++) q[j] = 0;
        to.rows[i] = (tandemk_qd8_row){to.scale, to.zero, total_of(p->n, q)};
    }
}
