/* What the cells of recurrent layers share. Include a vocabulary first. */
#pragma once

#include "ends.h"
#include "math.h"

/* exp(-scale * x) for scale 1 or 2, x bounded to scale * |x| <= 40, so that a product of two does
 * not overflow: for gates, where 2^-23 of 1 + exp(-x) is what matters. With n = round(-16 * scale *
 * x / ln 2) it is 2^(n / 16) * exp(-scale * u), |scale * u| <= ln 2 / 32; three powers of u leave
 * 2^-27. The table has 2^(k / 16) for the low four bits of n, less k in the place that the shift
 * of n gives it, so that one addition brings in the rest of n as the exponent. */
LANES_FN vf decay(vf x, float scale) {
    static const float POWERS[16] = {
        0x1p+0f, 0x1.fb5586p-1f, 0x1.f72b84p-1f, 0x1.f387a6p-1f,
        0x1.f06fep-1f, 0x1.edea64p-1f, 0x1.ebfdaep-1f, 0x1.eab07ep-1f,
        0x1.ea09e6p-1f, 0x1.ea1148p-1f, 0x1.eace54p-1f, 0x1.ec4918p-1f,
        0x1.ee89fap-1f, 0x1.f199bep-1f, 0x1.f5818ep-1f, 0x1.fa4afap-1f
    };
    const vf magic = v_set(12582912.0f), bound = v_set(40 / scale);
    x = v_min(bound, v_max(math_negate(bound), x));
    vf t = v_fma(x, v_set(-23.0831206542234143f * scale), magic);
    vf u = v_fma(v_sub(t, magic), v_set(0.0433216987849965803f / scale), x);
    vf p = v_fma(u, v_set(-scale * scale * scale / 6), v_set(scale * scale / 2));
    p = v_fma(u, v_fma(u, p, v_set(-scale)), v_set(1));
    vi power = i_add(v_bits(v_lookup(POWERS, v_bits(t))), i_shift_left(v_bits(t), 19));
    return v_mul(p, v_from_bits(power));
}

/* What a row's gates are made of: the state's products, and of the inputs either floats or bytes
 * times a scale. */
typedef struct cell_gates {
    const float *products, *x;
    const int8_t *bytes;
    vf scale;
} cell_gates;

/* The inputs' part and the state's, added. */
LANES_FN vf cell_gate(const cell_gates *p, size_t at, size_t left) {
    vf product = load_upto(p->products + at, left);
    if (!p->bytes) return v_add(load_upto(p->x + at, left), product);
    const int8_t *bytes = p->bytes + at;
    vf x = left < LANES ? v_load_i8_part(bytes, left) : v_load_i8(bytes);
    return v_fma(x, p->scale, product);
}

/* The inputs' part alone. */
LANES_FN vf cell_input(const cell_gates *p, size_t at, size_t left) {
    if (!p->bytes) return load_upto(p->x + at, left);
    const int8_t *bytes = p->bytes + at;
    return v_mul(left < LANES ? v_load_i8_part(bytes, left) : v_load_i8(bytes), p->scale);
}
