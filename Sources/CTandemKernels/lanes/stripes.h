/* Sixteen partial results of a row: the striped order of tandem_kernels.h, whatever the number of
 * lanes.
 *
 * Element j goes to stripe j mod 16. A vector holds LANES stripes, so a block of sixteen elements
 * is STRIPE_VECTORS vectors. Lanes past the row's end are given the neutral element: a sum that
 * began at +0 never is -0, so adding +0 there changes nothing. */
#pragma once

#include "ends.h"

#define STRIPE_VECTORS (16 / LANES)

typedef struct stripes {
    vf v[STRIPE_VECTORS];
} stripes;

/* For each vector `at` (a position in the row) with `left` > 0 elements from there on, in order,
 * and its stripe's `slot`. */
#define FOR_STRIPES(n, at, left, slot)                                    \
    for (size_t at = 0, slot = 0, left; at < (n) && (left = (n) - at, 1); \
         at += LANES, slot = (slot + 1) % STRIPE_VECTORS)

LANES_FN stripes stripes_of(float x) {
    stripes s;
    for (int i = 0; i < STRIPE_VECTORS; i++) s.v[i] = v_set(x);
    return s;
}

/* Stripe s takes s + 8, then s + 4, s + 2, s + 1. */
LANES_FN float stripes_sum(stripes s) {
    for (int half = STRIPE_VECTORS / 2; half; half /= 2)
        for (int i = 0; i < half; i++) s.v[i] = v_add(s.v[i], s.v[i + half]);
    return v_folded_sum(s.v[0]);
}

/* The largest stripe; order does not matter for that. */
LANES_FN float stripes_max(stripes s) {
    for (int i = 1; i < STRIPE_VECTORS; i++) s.v[0] = v_max(s.v[i], s.v[0]);
    return v_largest(s.v[0]);
}
