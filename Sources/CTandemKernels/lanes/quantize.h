/* Writing floats as the bytes of a grid, for the families that find one and those that are given
 * one. Include a vocabulary first. */
#pragma once

#include "ends.h"
#include "grid.h"
#include "math.h"

/* What is quantised: x, or x times its column's factor. */
LANES_FN vf values(const float *x, const float *factors, size_t j) {
    return factors ? v_mul(v_load(x + j), v_load(factors + j)) : v_load(x + j);
}
LANES_FN vf last_values(const float *x, const float *factors, size_t j, size_t left) {
    vf v = load_upto(x + j, left);
    return factors ? v_mul(v, load_upto(factors + j, left)) : v;
}

/* BYTES bytes from column j on, of which the row has `left`. */
LANES_FN vi quantized(const float *x, const float *factors, size_t j, size_t left, grid g) {
    vi v[4];
    for (size_t u = 0; u < 4; u++) {
        size_t at = u * LANES, own = left > at ? left - at : 0;
        v[u] = i_set(0);
        if (own >= LANES) v[u] = stepped(values(x, factors, j + at), g);
        else if (own) v[u] = stepped(last_values(x, factors, j + at, own), g);
    }
    return b_narrow(v[0], v[1], v[2], v[3], g.zero);
}

/* A row's bytes; their sum. What is left of a row at its end is written together with bytes before
 * it, a second time: stores of a part are slow. */
LANES_FN int32_t write_bytes(
    size_t k, const float *x, const float *factors, grid g, int8_t *q
) {
    const size_t stride = tandemk_qd8_stride(k);
    vi sum = i_set(0);
    size_t j = 0;
    for (; j + BYTES <= k; j += BYTES) {
        vi bytes = quantized(x, factors, j, BYTES, g);
        sum = i_add(sum, b_sums(bytes));
        b_store(q + j, bytes);
    }
    if (j == k) return i_total(sum);
    if (k >= BYTES) {
        size_t at = k - BYTES;
        vi bytes = quantized(x, factors, at, BYTES, g);
        sum = i_add(sum, i_sub(b_sums(bytes), b_sums(b_keep(bytes, j - at))));
        __builtin_memset(q + stride - 4, 0, 4);
        b_store(q + at, bytes);
    } else {
        vi bytes = b_keep(quantized(x, factors, 0, k, g), k);
        sum = b_sums(bytes);
        if (stride < BYTES) b_store_part(q, stride, bytes);
        else b_store(q, bytes);
    }
    return i_total(sum);
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
