/* Dynamic quantisation of rows. Include a vocabulary and define KERNEL first. */
#include "../lanes/math.h"
#include "../lanes/stripes.h"

/* To [-127, 127]; a NaN becomes -127 rather than whatever a conversion makes of it. */
LANES_FN vi quantized(vf x, vf inverse) {
    return v_round(v_min(v_max(v_mul(x, inverse), v_set(-127)), v_set(127)));
}

LANES_FN tandemk_qd8_row quantize_row(size_t k, const float *x, int8_t *q) {
    stripes s = stripes_of(0);
    FOR_STRIPES(k, j, left, slot) s.v[slot] = v_max(math_abs(load_upto(x + j, left)), s.v[slot]);
    float absmax = stripes_max(s);
    bool empty = absmax < 0x1p-100f;
    vf inverse = v_set(empty ? 0 : 127.0f / absmax);
    vi sum = i_set(0);
    FOR_STRIPES(k, j, left, slot) {
        vi v = quantized(load_upto(x + j, left), inverse);
        sum = i_add(sum, v);
        if (left < LANES) i_store_i8_part(q + j, left, v);
        else i_store_i8(q + j, v);
    }
    for (size_t j = k; j < tandemk_qd8_stride(k); j++) q[j] = 0;
    return (tandemk_qd8_row){empty ? 0 : absmax / 127.0f, i_total(sum)};
}

tandemk_f32_qd8_quantize_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t k, const float *x, size_t ldx, int8_t *q, size_t ldq, tandemk_qd8_row *rows
) {
    for (size_t i = 0; i < m; i++) rows[i] = quantize_row(k, x + i * ldx, q + i * ldq);
}
