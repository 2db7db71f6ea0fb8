/* Writing floats as the bytes of a grid, for the families that find one and those that are given
 * one. Include a vocabulary first. */
#pragma once

#include "ends.h"
#include "math.h"

/* What is quantised: x, or x times its column's factor. */
LANES_FN vf values(const float *x, const float *factors, size_t j) {
    return factors ? v_mul(v_load(x + j), v_load(factors + j)) : v_load(x + j);
}
LANES_FN vf last_values(const float *x, const float *factors, size_t j, size_t left) {
    vf v = load_upto(x + j, left);
    return factors ? v_mul(v, load_upto(factors + j, left)) : v;
}

/* A row's grid in all lanes. A NaN becomes the lowest byte. */
typedef struct grid {
    vf inverse, bottom, top;
    vi zero;
} grid;

LANES_FN vi quantized(vf x, grid g) {
    return i_add(v_round(v_min(v_max(v_mul(x, g.inverse), g.bottom), g.top)), g.zero);
}

/* A row's bytes; their sum. */
LANES_FN int32_t write_bytes(
    size_t k, const float *x, const float *factors, grid g, int8_t *q
) {
    const size_t stride = tandemk_qd8_stride(k);
    vi sum[4];
    for (int u = 0; u < 4; u++) sum[u] = i_set(0);
    size_t j = 0;
    for (; j + 4 * LANES <= k; j += 4 * LANES) {
        vi v[4];
        for (int u = 0; u < 4; u++) {
            v[u] = quantized(values(x, factors, j + (size_t)u * LANES), g);
            sum[u] = i_add(sum[u], v[u]);
        }
        i_store_i8x4(q + j, v[0], v[1], v[2], v[3]);
    }
    for (; j + LANES <= k; j += LANES) {
        vi v = quantized(values(x, factors, j), g);
        sum[0] = i_add(sum[0], v);
        i_store_i8(q + j, v);
    }
    if (j < k) { /* With the zeros up to the stride, which ends within this vector. */
        vi v = i_keep(quantized(last_values(x, factors, j, k - j), g), k - j);
        sum[1] = i_add(sum[1], v);
        i_store_i8_part(q + j, stride - j, v);
        j = stride;
    }
    for (; LANES == 1 && j < stride; j++) q[j] = 0; /* No vector here holds them. */
    return i_total(i_add(i_add(sum[0], sum[1]), i_add(sum[2], sum[3])));
}

/* Rows of an input and where they go. */
typedef struct rows_of {
    size_t m, k;
    const float *x;
    size_t ldx;
    const float *factors;
    int8_t *q;
    size_t ldq;
    tandemk_qd8_row *rows;
} rows_of;
