/* What the NEON kernels share: a product's arguments, and how sums become outputs. Define
 * NEON_FN, the attributes of an inlined step, first. */
#pragma once

#include "../lanes/neon.h"
#include "results.h"

NEON_FN const qc8w_panel *panel_of(const layer *p, size_t j) {
    return (const void *)(p->packed + j / TANDEMK_PANEL * qc8w_panel_bytes(p->k));
}

/* The part of a row's zero in four columns' sums. */
NEON_FN int32x4_t zero_part(tandemk_qd8_row row, const qc8w_panel *panel, size_t at) {
    return vmulq_n_s32(vld1q_s32(panel->sum + at), row.zero);
}

/* sum -> c, for one row and the four columns from j on, of which some may not exist. */
NEON_FN void finish(const layer *p, size_t i, size_t j, const float *scales, int32x4_t sum) {
    if (j >= p->n) return;
    size_t columns = p->n - j < LANES ? p->n - j : LANES;
    finish_lanes(p, i, j, columns, scales, sum);
}
