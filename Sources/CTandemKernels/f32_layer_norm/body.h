/* Layer norm of rows. Include a vocabulary and define KERNEL first.
 * Two passes, mean and then squared differences: x^2 - mean^2 would cancel where the mean is
 * large. */
#include "../lanes/stripes.h"

LANES_FN void layer_norm_row(
    size_t n, const float *x, const float *gamma, const float *beta, float epsilon, float *y
) {
    stripes s = stripes_of(0);
    FOR_STRIPES(n, j, left, slot) s.v[slot] = v_add(s.v[slot], load_upto(x + j, left));
    vf mean = v_set(stripes_sum(s) / (float)n);
    s = stripes_of(0);
    FOR_STRIPES(n, j, left, slot) {
        vf d = v_keep(v_sub(load_upto(x + j, left), mean), left, 0);
        s.v[slot] = v_fma(d, d, s.v[slot]);
    }
    vf r = v_set(1.0f / __builtin_sqrtf(stripes_sum(s) / (float)n + epsilon));
    FOR_STRIPES(n, j, left, slot) {
        vf d = v_mul(v_sub(load_upto(x + j, left), mean), r);
        store_upto(y + j, left, v_fma(d, load_upto(gamma + j, left), load_upto(beta + j, left)));
    }
}

tandemk_f32_layer_norm_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t n, const float *x, size_t ldx, const float *gamma, const float *beta,
    float epsilon, float *y, size_t ldy
) {
    for (size_t i = 0; i < m; i++)
        layer_norm_row(n, x + i * ldx, gamma, beta, epsilon, y + i * ldy);
}
