/* One row's position of a GRU, for the two families that have one. Include a vocabulary first.
 *
 * With e = exp(-update), d = exp(-2 hidden) the mixture of the new state and the one before is one
 * division: (1 - z) * tanh(hidden) + z * h = (e * (1 - d) + h * (1 + d)) / ((1 + e) * (1 + d)). */
#pragma once

#include "gates.h"

LANES_FN void gru_row(cell_gates p, size_t n, float *h) {
    const vf one = v_set(1);
    for (size_t j = 0; j < n; j += LANES) {
        size_t left = n - j, hidden = 2 * n + j;
        vf reset = v_div(one, v_add(one, decay(cell_gate(&p, n + j, left), 1)));
        vf product = load_upto(p.products + hidden, left);
        vf t = v_fma(reset, product, cell_input(&p, hidden, left));
        vf e = decay(cell_gate(&p, j, left), 1), d = decay(t, 2), above = v_add(one, d);
        vf sum = v_fma(e, v_sub(one, d), v_mul(load_upto(h + j, left), above));
        store_upto(h + j, left, v_div(sum, v_mul(v_add(one, e), above)));
    }
}
