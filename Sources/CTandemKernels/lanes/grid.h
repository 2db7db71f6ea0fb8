/* Floats as the steps of a grid, and what bytes add up to. Include a vocabulary first. */
#pragma once

#define BYTES (4 * LANES)

/* A row's grid in all lanes. A NaN becomes the lowest byte, and what lies beyond the grid's ends
 * the nearest, when bytes are narrowed; `is_wide` says that it may lie too far off for v_round. */
typedef struct grid {
    vf inverse;
    vi zero;
    bool is_wide;
} grid;

/* The nearest whole number, or some far off where that is further. */
LANES_FN vi steps_of(vf v) { return v_round(v_min(v_max(v, v_set(-0x1p15f)), v_set(0x1p15f))); }

LANES_FN vi stepped(vf x, grid g) {
    vf v = v_mul(x, g.inverse);
    return g.is_wide ? steps_of(v) : v_round(v);
}

/* The sum of a row's k bytes. */
LANES_FN int32_t total_of(size_t k, const int8_t *q) {
    vi sum = i_set(0);
    size_t j = 0;
    for (; j + BYTES <= k; j += BYTES) sum = i_add(sum, b_sums(b_load(q + j)));
    if (j < k) {
        int8_t last[BYTES] = {0};
        __builtin_memcpy(last, q + j, k - j);
        sum = i_add(sum, b_sums(b_load(last)));
    }
    return i_total(sum);
}
