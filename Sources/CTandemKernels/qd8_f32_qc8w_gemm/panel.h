/* The layout of packed int8 weights, as tandem_kernels.h describes it. */
#pragma once

#include "../register.h"

/* One panel's head; `k4 / 4` groups of [16][4] bytes w + 128 follow. */
typedef struct qc8w_panel {
    float scale[TANDEMK_PANEL];
    int32_t sum[TANDEMK_PANEL];
    uint8_t w[];
} qc8w_panel;

static inline size_t qc8w_panel_bytes(size_t k) {
    return sizeof(qc8w_panel) + TANDEMK_PANEL * tandemk_qd8_stride(k);
}

/* Whether bytes are written instead of c, which, and 1 over their scale: a copy, because stores of
 * bytes may change anything that the caller's pointer leads to. */
typedef struct results {
    bool are_bytes;
    tandemk_qs8_rows bytes;
    float inverse;
} results;

static inline results results_of(const tandemk_qs8_rows *bytes) {
    if (!bytes) return (results){0};
    return (results){true, *bytes, 1.0f / bytes->scale};
}

/* A product's arguments, as tandem_kernels.h names them, in one place for a kernel's steps. */
typedef struct layer {
    size_t n, k;
    const int8_t *a;
    size_t lda;
    const tandemk_qd8_row *rows;
    const char *packed;
    const float *bias;
    float *c;
    size_t ldc;
    tandemk_activation activation;
    results to;
} layer;

/* What the int32 sum of a row and a column starts from, for weights stored as w + 128 and a row
 * whose zero is not 0. Wraps as the instructions do; the end result is exact. */
static inline int32_t qd8_start(tandemk_qd8_row row, int32_t column_sum) {
    return (int32_t)(0u - 128u * (uint32_t)row.sum - (uint32_t)row.zero * (uint32_t)column_sum);
}
