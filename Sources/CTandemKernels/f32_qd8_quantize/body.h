/* Dynamic quantisation of rows. Include a vocabulary and define KERNEL first.
 *
 * Two passes over a row that lies in the first-level cache: its ends, then its bytes. Neither the
 * largest value nor a wrapping sum depends on an order, so both take four vectors at a time. Eight
 * rows make the first pass and get their grids in one go; the next eight make theirs before these
 * make the second, so that no row waits for its own reduction and division. */
#include "../lanes/quantize.h"
#include "../lanes/stripes.h"

#define ROWS_AT_ONCE 8

/* The grids of a few rows. low, high: a row's ends, 0 between them. bottom: the lowest step. */
typedef struct grids {
    float low[ROWS_AT_ONCE], high[ROWS_AT_ONCE];
    float inverse[ROWS_AT_ONCE], scale[ROWS_AT_ONCE], bottom[ROWS_AT_ONCE];
} grids;

/* The first pass over a row. */
LANES_FN void find_ends(size_t k, const float *x, const float *factors, float *low, float *high) {
    vf least[4], most[4];
    for (int u = 0; u < 4; u++) least[u] = most[u] = v_set(0);
    size_t j = 0;
    for (; j + 4 * LANES <= k; j += 4 * LANES) {
        for (int u = 0; u < 4; u++) {
            vf v = values(x, factors, j + (size_t)u * LANES);
            least[u] = v_min(v, least[u]);
            most[u] = v_max(v, most[u]);
        }
    }
    for (; j < k; j += LANES) {
        vf v = last_values(x, factors, j, k - j);
        least[0] = v_min(v, least[0]);
        most[0] = v_max(v, most[0]);
    }
    vf below = v_min(v_min(least[0], least[1]), v_min(least[2], least[3]));
    *low = -v_largest(math_negate(below));
    *high = v_largest(v_max(v_max(most[0], most[1]), v_max(most[2], most[3])));
}

/* Without branches, for all rows alike: rows that are not there have grids too. */
LANES_FN void find_grids(grids *g) {
    for (int r = 0; r < ROWS_AT_ONCE; r++) {
        const float magic = 12582912.0f; /* 1.5 * 2^23: a sum with it is a whole number. */
        float range = g->high[r] - g->low[r], inverse = 255.0f / range;
        bool empty = (g->high[r] < 0x1p-100f) & (g->low[r] > -0x1p-100f);
        float bottom = (g->low[r] * inverse + magic) - magic;
        bottom = bottom >= -255.0f ? bottom : -255.0f; /* Of rows with NaN or infinity. */
        g->inverse[r] = empty ? 0 : inverse;
        g->scale[r] = empty ? 0 : range / 255.0f;
        g->bottom[r] = empty ? -128.0f : bottom;
    }
}

LANES_FN void first_pass(const rows_of *p, size_t i, const float *factors, grids *g) {
    for (size_t r = 0; r < ROWS_AT_ONCE && i + r < p->m; r++)
        find_ends(p->k, p->x + (i + r) * p->ldx, factors, &g->low[r], &g->high[r]);
}

LANES_FN void second_pass(const rows_of *p, size_t i, const float *factors, const grids *g) {
    for (size_t r = 0; r < ROWS_AT_ONCE && i + r < p->m; r++) {
        const int32_t zero = -128 - (int32_t)g->bottom[r];
        const grid own = {v_set(g->inverse[r]), i_set((uint32_t)zero), false};
        int32_t sum = write_bytes(
            p->k, p->x + (i + r) * p->ldx, factors, own, p->q + (i + r) * p->ldq
        );
        p->rows[i + r] = (tandemk_qd8_row){g->scale[r], zero, sum};
    }
}

/* `factors` is p's, or a null that the compiler knows. */
LANES_FN void quantize_rows(const rows_of *p, const float *factors) {
    grids both[2] = {0}, *g = both, *next = both + 1;
    first_pass(p, 0, factors, g);
    for (size_t i = 0; i < p->m; i += ROWS_AT_ONCE) {
        find_grids(g);
        first_pass(p, i + ROWS_AT_ONCE, factors, next);
        second_pass(p, i, factors, g);
        grids *done = g;
        g = next;
        next = done;
    }
}

tandemk_f32_qd8_quantize_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t k, const float *x, size_t ldx, const float *factors, int8_t *q, size_t ldq,
    tandemk_qd8_row *rows
) {
    const rows_of p = {m, k, x, ldx, factors, q, ldq, rows};
    if (factors) quantize_rows(&p, p.factors);
    else quantize_rows(&p, NULL);
}
