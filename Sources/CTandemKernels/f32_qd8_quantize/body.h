/* Dynamic quantisation of rows. Include a vocabulary and define KERNEL first.
 *
 * Two passes over a row that lies in the first-level cache: its ends, then its bytes. Neither the
 * largest value nor a wrapping sum depends on an order, so both take four vectors at a time. */
#include "../lanes/math.h"
#include "../lanes/stripes.h"

/* The largest value of a row and the negative of its smallest; both at least 0. */
typedef struct ends {
    float above, below;
} ends;

LANES_FN ends row_ends(size_t k, const float *x) {
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
    return (ends){v_largest(most), v_largest(math_negate(least))};
}

/* The factors of one row; `floor` is its smallest byte, which a NaN becomes too. */
typedef struct grid {
    vf inverse, zero, floor;
} grid;

LANES_FN vi quantized(vf x, grid g) {
    return v_round(v_max(v_fma(x, g.inverse, g.zero), g.floor));
}

LANES_FN tandemk_qd8_row quantize_row(size_t k, const float *x, int8_t *q) {
    ends e = row_ends(k, x);
    float absmax = e.above > e.below ? e.above : e.below;
    bool empty = absmax < 0x1p-100f, shifted = !empty && e.below <= 0;
    float levels = shifted ? 255.0f : 127.0f, zero = shifted ? -128.0f : 0.0f;
    grid g = {v_set(empty ? 0 : levels / absmax), v_set(zero), v_set(shifted ? -128 : -127)};
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
    if (j < k) {
        vi v = quantized(v_load_part(x + j, k - j), g);
        sum[1] = i_add(sum[1], i_keep(v, k - j));
        i_store_i8_part(q + j, k - j, v);
    }
    for (j = k; j < tandemk_qd8_stride(k); j++) q[j] = 0;
    int32_t total = i_total(i_add(i_add(sum[0], sum[1]), i_add(sum[2], sum[3])));
    return (tandemk_qd8_row){empty ? 0 : absmax / levels, (int32_t)zero, total};
}

tandemk_f32_qd8_quantize_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t k, const float *x, size_t ldx, int8_t *q, size_t ldq, tandemk_qd8_row *rows
) {
    for (size_t i = 0; i < m; i++) rows[i] = quantize_row(k, x + i * ldx, q + i * ldq);
}
