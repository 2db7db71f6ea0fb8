/* y = operation(x), whole vectors and then one part of a vector. Include a vocabulary and define
 * KERNEL first. */
#include "../lanes/gelu.h"
#include "../lanes/math.h"
#include "../lanes/trigonometry.h"

#define ROW(name, step)                                                         \
    LANES_KERNEL static void name(size_t n, const float *x, float *y) {         \
        size_t j = 0;                                                           \
        for (; j + LANES <= n; j += LANES) v_store(y + j, step(v_load(x + j))); \
        if (j < n) v_store_part(y + j, n - j, step(v_load_part(x + j, n - j))); \
    }
ROW(negate_row, math_negate)
ROW(abs_row, math_abs)
ROW(relu_row, math_relu)
ROW(sqrt_row, v_sqrt)
ROW(exp_row, math_exp)
ROW(log_row, math_log)
ROW(sigmoid_row, math_sigmoid)
ROW(tanh_row, math_tanh)
ROW(erf_row, math_erf)
ROW(gelu_erf_row, math_gelu_erf)
ROW(gelu_tanh_row, math_gelu_tanh)
ROW(floor_row, math_floor)
ROW(ceil_row, math_ceil)
ROW(round_row, math_round)
ROW(sign_row, math_sign)
ROW(reciprocal_row, math_reciprocal)
#undef ROW

/* One by one, in double: rare, and right for arguments far from 0. */
LANES_KERNEL static void sin_row(size_t n, const float *x, float *y) {
    for (size_t j = 0; j < n; j++) y[j] = (float)trigonometry_sin(x[j], 0);
}
LANES_KERNEL static void cos_row(size_t n, const float *x, float *y) {
    for (size_t j = 0; j < n; j++) y[j] = (float)trigonometry_sin(x[j], 1);
}

/* In the order of tandemk_unary. */
static void (*const rows[TANDEMK_UNARY_COUNT])(size_t, const float *, float *) = {
    negate_row, abs_row,      relu_row,      sqrt_row, exp_row,   log_row,
    sigmoid_row, tanh_row,    erf_row,       gelu_erf_row, gelu_tanh_row, sin_row,
    cos_row,    floor_row,    ceil_row,      round_row, sign_row, reciprocal_row,
};

tandemk_f32_vunary_fn KERNEL;
void KERNEL(
    tandemk_unary operation, size_t m, size_t n, const float *x, size_t ldx, float *y, size_t ldy
) {
    if (ldx == n && ldy == n) { /* No gaps: one long row has fewer tails. */
        n *= m;
        m = n ? 1 : 0;
    }
    for (size_t i = 0; i < m; i++) rows[operation](n, x + i * ldx, y + i * ldy);
}
