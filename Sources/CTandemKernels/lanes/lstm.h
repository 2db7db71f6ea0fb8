/* One row's position of an LSTM, for the two families that have one. Include a vocabulary first.
 *
 * A row is passed twice, for its cells and then for its states: a state waits for its cell through
 * an exponential and a division, and a processor looks ahead over too few vectors to hide that. */
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

/* What a row's gates are the sums of: products, and either floats or bytes times a scale. */
typedef struct lstm_gates {
    const float *products, *x;
    const int8_t *bytes;
    vf scale;
} lstm_gates;

LANES_FN vf lstm_gate(const lstm_gates *p, size_t at, size_t left) {
    vf product = load_upto(p->products + at, left);
    if (!p->bytes) return v_add(load_upto(p->x + at, left), product);
    const int8_t *bytes = p->bytes + at;
    vf x = left < LANES ? v_load_i8_part(bytes, left) : v_load_i8(bytes);
    return v_fma(x, p->scale, product);
}

/* sigmoid(s) * tanh(t). */
LANES_FN vf gated_tanh(vf s, vf t) {
    vf one = v_set(1), z = decay(t, 2);
    return v_div(v_sub(one, z), v_mul(v_add(one, decay(s, 1)), v_add(one, z)));
}

LANES_FN void lstm_row(lstm_gates p, size_t n, float *c, float *h) {
    for (size_t j = 0; j < n; j += LANES) {
        size_t left = n - j;
        vf in = lstm_gate(&p, j, left), forget = lstm_gate(&p, 2 * n + j, left);
        vf kept = v_div(load_upto(c + j, left), v_add(v_set(1), decay(forget, 1)));
        vf added = gated_tanh(in, lstm_gate(&p, 3 * n + j, left));
        store_upto(c + j, left, v_add(kept, added));
    }
    for (size_t j = 0; j < n; j += LANES) {
        size_t left = n - j;
        vf out = lstm_gate(&p, n + j, left);
        store_upto(h + j, left, gated_tanh(out, load_upto(c + j, left)));
    }
}
