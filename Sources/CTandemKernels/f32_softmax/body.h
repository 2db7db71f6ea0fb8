/* Softmax of rows. Include a vocabulary and define KERNEL first; NARROW too where a kernel of half
 * the lanes is at hand, whose reductions are a step shorter, for rows that fit in its vector. */
#include "../lanes/math.h"
#include "../lanes/stripes.h"

/* A row of one vector, which stays in a register: stores of a part keep the load that follows
 * waiting. */
LANES_FN void softmax_vector(size_t n, const float *x, float *y) {
    stripes s = stripes_of(-__builtin_inff());
    vf v = load_upto(x, n);
    s.v[0] = v_max(v_keep(v, n, -__builtin_inff()), s.v[0]);
    vf e = math_exp(v_sub(v, v_set(stripes_max(s))));
    s = stripes_of(0);
    s.v[0] = v_add(s.v[0], v_keep(e, n, 0));
    store_upto(y, n, v_div(e, v_set(stripes_sum(s))));
}

LANES_FN void softmax_row(size_t n, const float *x, float *y) {
    stripes s = stripes_of(-__builtin_inff());
    FOR_STRIPES(n, j, left, slot) {
        vf v = v_keep(load_upto(x + j, left), left, -__builtin_inff());
        /* Skips a NaN, which then reaches the sum through its own exp. */
        s.v[slot] = v_max(v, s.v[slot]);
    }
    vf most = v_set(stripes_max(s));
    s = stripes_of(0);
    FOR_STRIPES(n, j, left, slot) {
        vf e = math_exp(v_sub(load_upto(x + j, left), most));
        store_upto(y + j, left, e);
        s.v[slot] = v_add(s.v[slot], v_keep(e, left, 0));
    }
    vf sum = v_set(stripes_sum(s));
    FOR_STRIPES(n, j, left, slot) store_upto(y + j, left, v_div(load_upto(y + j, left), sum));
}

tandemk_f32_softmax_fn KERNEL;
#ifdef NARROW
tandemk_f32_softmax_fn NARROW;
#endif
LANES_KERNEL void KERNEL(size_t m, size_t n, const float *x, size_t ldx, float *y, size_t ldy) {
#ifdef NARROW
    if (n <= LANES / 2) {
        NARROW(m, n, x, ldx, y, ldy);
        return;
    }
#endif
    if (n > 0 && n <= LANES)
        for (size_t i = 0; i < m; i++) softmax_vector(n, x + i * ldx, y + i * ldy);
    else
        for (size_t i = 0; i < m; i++) softmax_row(n, x + i * ldx, y + i * ldy);
}
