/* One row's position of an LSTM, for the two families that have one. Include a vocabulary first.
 *
 * A row is passed twice, for its cells and then for its states: a state waits for its cell through
 * an exponential and a division, and a processor looks ahead over too few vectors to hide that. */
#pragma once

#include "gates.h"

/* sigmoid(s) * tanh(t). */
LANES_FN vf gated_tanh(vf s, vf t) {
    vf one = v_set(1), z = decay(t, 2);
    return v_div(v_sub(one, z), v_mul(v_add(one, decay(s, 1)), v_add(one, z)));
}

LANES_FN void lstm_row(cell_gates p, size_t n, float *c, float *h) {
    for (size_t j = 0; j < n; j += LANES) {
        size_t left = n - j;
        vf in = cell_gate(&p, j, left), forget = cell_gate(&p, 2 * n + j, left);
        vf kept = v_div(load_upto(c + j, left), v_add(v_set(1), decay(forget, 1)));
        vf added = gated_tanh(in, cell_gate(&p, 3 * n + j, left));
        store_upto(c + j, left, v_add(kept, added));
    }
    for (size_t j = 0; j < n; j += LANES) {
        size_t left = n - j;
        vf out = cell_gate(&p, n + j, left);
        store_upto(h + j, left, gated_tanh(out, load_upto(c + j, left)));
    }
}
