/* The layout of packed int8 weights, as tandem_kernels.h describes it. */
#pragma once

#include "../register.h"

/* One panel's head; `k4 / 4` groups of [16][4] bytes w + 128 follow. */
typedef struct qc8w_panel {
    float scale[TANDEMK_PANEL];
    uint8_t w[];
} qc8w_panel;

static inline size_t qc8w_panel_bytes(size_t k) {
    return sizeof(qc8w_panel) + TANDEMK_PANEL * tandemk_qd8_stride(k);
}

/* The correction for w + 128: what an int32 sum starts from. Wraps as the instruction does; the end
 * result is exact. */
static inline int32_t qd8_start(int32_t row_sum) {
    return (int32_t)(0u - 128u * (uint32_t)row_sum);
}
