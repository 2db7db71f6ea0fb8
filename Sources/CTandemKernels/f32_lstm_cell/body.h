/* One position of an LSTM. Include a vocabulary and define KERNEL first. */
#include "../lanes/math.h"

LANES_FN vf load_upto(const float *p, size_t left) {
    return left < LANES ? v_load_part(p, left) : v_load(p);
}
LANES_FN void store_upto(float *p, size_t left, vf x) {
    if (left < LANES) v_store_part(p, left, x);
    else v_store(p, x);
}

/* exp(-x), bounded so that a product of two does not overflow. */
LANES_FN vf decay(vf x) { return math_exp_near(v_min(v_set(40), math_negate(x))); }

/* sigmoid(s) * tanh(t), from s and twice t. */
LANES_FN vf gated_tanh(vf s, vf twice_t) {
    vf one = v_set(1), z = decay(twice_t);
    return v_div(v_sub(one, z), v_mul(v_add(one, decay(s)), v_add(one, z)));
}

tandemk_f32_lstm_cell_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t n, const float *x, size_t ldx, const float *products, size_t ldp, float *c,
    float *h
) {
    for (size_t i = 0; i < m; i++, x += ldx, products += ldp, c += n, h += n) {
        for (size_t j = 0; j < n; j += LANES) {
            size_t left = n - j;
            vf g[4];
            for (size_t q = 0; q < 4; q++) {
                size_t at = q * n + j;
                g[q] = v_add(load_upto(x + at, left), load_upto(products + at, left));
            }
            vf kept = v_div(load_upto(c + j, left), v_add(v_set(1), decay(g[2])));
            vf cell = v_add(kept, gated_tanh(g[0], v_add(g[3], g[3])));
            store_upto(c + j, left, cell);
            store_upto(h + j, left, gated_tanh(g[1], v_add(cell, cell)));
        }
    }
}
