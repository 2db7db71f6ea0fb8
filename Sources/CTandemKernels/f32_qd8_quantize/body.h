/* Dynamic quantisation of rows. Include a vocabulary and define KERNEL first.
 *
 * Two passes over a row that lies in the first-level cache: its ends, then its bytes. Neither the
 * largest value nor a wrapping sum depends on an order, so both take four vectors at a time. Eight
 * rows make the first pass and get their factors in one go; the next eight make theirs before these
 * make the second, so that no row waits for its own reduction and division. */
#include "../lanes/math.h"
#include "../lanes/stripes.h"

#define ROWS_AT_ONCE 8

/* The factors of a few rows. floor: the smallest byte, which a NaN becomes too. */
typedef struct grids {
    float absmax[ROWS_AT_ONCE], inverse[ROWS_AT_ONCE], scale[ROWS_AT_ONCE];
    float zero[ROWS_AT_ONCE], floor[ROWS_AT_ONCE];
    uint32_t negative[ROWS_AT_ONCE];
} grids;

/* The first pass over a row. */
LANES_FN void find_ends(size_t k, const float *x, float *absmax, uint32_t *negative) {
    vf low[4], high[4];
    for (int u = 0; u < 4; u++) low[u] = high[u] = v_set(0);
    size_t j = 0;
    for (; j + 4 * LANES <= k; j += 4 * LANES) {
        for (int u = 0; u < 4; u++) {
            vf v = v_load(x + j + (size_t)u * LANES);
            low[u] = v_min(v, low[u]);
            high[u] = v_max(v, high[u]);
        }
    }
    for (; j < k; j += LANES) {
        vf v = load_upto(x + j, k - j);
        low[0] = v_min(v, low[0]);
        high[0] = v_max(v, high[0]);
    }
    vf least = v_min(v_min(low[0], low[1]), v_min(low[2], low[3]));
    vf most = v_max(v_max(high[0], high[1]), v_max(high[2], high[3]));
    *absmax = v_largest(v_max(most, math_negate(least)));
    *negative = m_any(v_less(least, v_set(0)));
}

/* Without branches, for all rows alike: rows that are not there have factors too. */
LANES_FN void find_factors(grids *g) {
    for (int r = 0; r < ROWS_AT_ONCE; r++) {
        bool empty = g->absmax[r] < 0x1p-100f, symmetric = empty | (g->negative[r] != 0);
        float levels = symmetric ? 127.0f : 255.0f, inverse = levels / g->absmax[r];
        float scale = g->absmax[r] / levels;
        g->inverse[r] = empty ? 0 : inverse;
        g->scale[r] = empty ? 0 : scale;
        g->zero[r] = symmetric ? 0.0f : -128.0f;
        g->floor[r] = symmetric ? -127.0f : -128.0f;
    }
}

/* A row's factors in all lanes. */
typedef struct grid {
    vf inverse, zero, floor;
} grid;

LANES_FN vi quantized(vf x, grid g) {
    return v_round(v_max(v_fma(x, g.inverse, g.zero), g.floor));
}

/* The second pass over a row; the sum of its bytes. */
LANES_FN int32_t write_bytes(size_t k, const float *x, grid g, int8_t *q) {
    const size_t stride = tandemk_qd8_stride(k);
    vi sum[4];
    for (int u = 0; u < 4; u++) sum[u] = i_set(0);
    size_t j = 0;
    for (; j + 4 * LANES <= k; j += 4 * LANES) {
        vi v[4];
        for (int u = 0; u < 4; u++) {
            v[u] = quantized(v_load(x + j + (size_t)u * LANES), g);
            sum[u] = i_add(sum[u], v[u]);
        }
        i_store_i8x4(q + j, v[0], v[1], v[2], v[3]);
    }
    for (; j + LANES <= k; j += LANES) {
        vi v = quantized(v_load(x + j), g);
        sum[0] = i_add(sum[0], v);
        i_store_i8(q + j, v);
    }
    if (j < k) { /* With the zeros up to the stride, which ends within this vector. */
        vi v = i_keep(quantized(v_load_part(x + j, k - j), g), k - j);
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
    int8_t *q;
    size_t ldq;
    tandemk_qd8_row *rows;
} rows_of;

LANES_FN void first_pass(const rows_of *p, size_t i, grids *g) {
    for (size_t r = 0; r < ROWS_AT_ONCE && i + r < p->m; r++)
        find_ends(p->k, p->x + (i + r) * p->ldx, &g->absmax[r], &g->negative[r]);
}

LANES_FN void second_pass(const rows_of *p, size_t i, const grids *g) {
    for (size_t r = 0; r < ROWS_AT_ONCE && i + r < p->m; r++) {
        const grid own = {v_set(g->inverse[r]), v_set(g->zero[r]), v_set(g->floor[r])};
        int32_t sum =
            write_bytes(p->k, p->x + (i + r) * p->ldx, own, p->q + (i + r) * p->ldq);
        p->rows[i + r] = (tandemk_qd8_row){g->scale[r], (int32_t)g->zero[r], sum};
    }
}

tandemk_f32_qd8_quantize_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t k, const float *x, size_t ldx, int8_t *q, size_t ldq, tandemk_qd8_row *rows
) {
    const rows_of p = {m, k, x, ldx, q, ldq, rows};
    grids both[2] = {0}, *g = both, *next = both + 1;
    first_pass(&p, 0, g);
    for (size_t i = 0; i < m; i += ROWS_AT_ONCE) {
        find_factors(g);
        first_pass(&p, i + ROWS_AT_ONCE, next);
        second_pass(&p, i, g);
        grids *done = g;
        g = next;
        next = done;
    }
}
