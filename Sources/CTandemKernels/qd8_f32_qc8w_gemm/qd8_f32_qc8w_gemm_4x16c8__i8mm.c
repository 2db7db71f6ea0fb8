/* Four rows by one panel in sixteen accumulators: usmmla multiplies two columns of eight weights,
 * unsigned, by two rows of eight activations, signed, and adds four sums of eight products. A pair
 * of groups of four is zipped into such columns as it is loaded; where k ends in half a pair, the
 * other half of the activations is zero. */
#if defined(__aarch64__)
#include "../register.h"

#define NEON_FN static inline __attribute__((always_inline)) TANDEMK_TARGET_I8MM
#include "neon.h"

#define PAIRS_MAX 2
/* Pairs of columns in a panel. */
#define COLUMNS 8

/* `bytes` (4 or 8) activations of a row, zeros behind them. */
NEON_FN int8x8_t row_bytes(const int8_t *p, size_t bytes) {
    uint64_t x = 0;
    if (bytes == 8) __builtin_memcpy(&x, p, 8);
    else __builtin_memcpy(&x, p, 4);
    return vcreate_s8(x);
}

/* The panel's sums so far, from one group of four on, or two. */
NEON_FN void add(
    int32x4_t sum[PAIRS_MAX][COLUMNS], const layer *p, const int8_t *a, const uint8_t *w,
    size_t bytes, int rows
) {
    int8x16_t x[PAIRS_MAX];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r += 2) {
        const int8_t *first = a + (size_t)r * p->lda;
        int8x8_t second = r + 1 < rows ? row_bytes(first + p->lda, bytes) : vdup_n_s8(0);
        x[r / 2] = vcombine_s8(row_bytes(first, bytes), second);
    }
#pragma clang loop unroll(full)
    for (int v = 0; v < COLUMNS / 2; v++) {
        uint32x4_t low = vreinterpretq_u32_u8(vld1q_u8(w + 16 * v)), high = low;
        if (bytes == 8) high = vreinterpretq_u32_u8(vld1q_u8(w + 4 * TANDEMK_PANEL + 16 * v));
        uint8x16_t left = vreinterpretq_u8_u32(vzip1q_u32(low, high));
        uint8x16_t right = vreinterpretq_u8_u32(vzip2q_u32(low, high));
#pragma clang loop unroll(full)
        for (int q = 0; q < (rows + 1) / 2; q++) {
            sum[q][2 * v] = vusmmlaq_s32(sum[q][2 * v], left, x[q]);
            sum[q][2 * v + 1] = vusmmlaq_s32(sum[q][2 * v + 1], right, x[q]);
        }
    }
}

/* Four columns of row 0 or 1 of a pair, from (c0r0 c0r1 c1r0 c1r1) and (c2r0 c2r1 c3r0 c3r1). */
NEON_FN int32x4_t columns_of(int32x4_t left, int32x4_t right, int second) {
    return second ? vuzp2q_s32(left, right) : vuzp1q_s32(left, right);
}

/* `rows` rows by the panel of column j; `rows` is a constant where this is inlined. */
NEON_FN void tile(const layer *p, size_t i, size_t j, int rows) {
    const int8_t *a = p->a + i * p->lda;
    const qc8w_panel *panel = panel_of(p, j);
    const uint8_t *w = panel->w;
    int32x4_t sum[PAIRS_MAX][COLUMNS];
#pragma clang loop unroll(full)
    for (int q = 0; q < (rows + 1) / 2; q++)
#pragma clang loop unroll(full)
        for (int v = 0; v < COLUMNS; v++) sum[q][v] = vdupq_n_s32(0);
    size_t left = tandemk_qd8_stride(p->k);
    for (; left >= 8; left -= 8, a += 8, w += 8 * TANDEMK_PANEL) add(sum, p, a, w, 8, rows);
    if (left) add(sum, p, a, w, 4, rows);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const tandemk_qd8_row row = p->rows[i + (size_t)r];
        int32x4_t start = vdupq_n_s32(qd8_start(row, 0));
#pragma clang loop unroll(full)
        for (int v = 0; v < COLUMNS / 2; v++) {
            int32x4_t four = columns_of(sum[r / 2][2 * v], sum[r / 2][2 * v + 1], r % 2);
            four = vsubq_s32(vaddq_s32(four, start), zero_part(row, panel, 4 * (size_t)v));
            finish(p, i + (size_t)r, j + 4 * (size_t)v, panel->scale + 4 * v, four);
        }
    }
}

tandemk_qd8_f32_qc8w_gemm_fn tandemk_qd8_f32_qc8w_gemm_4x16c8__i8mm;
TANDEMK_TARGET_I8MM void tandemk_qd8_f32_qc8w_gemm_4x16c8__i8mm(
    size_t m, size_t n, size_t k, const int8_t *a, size_t lda, const tandemk_qd8_row *rows,
    const void *packed, const float *bias, float *c, size_t ldc, tandemk_activation activation,
    const tandemk_qs8_rows *bytes
) {
    const layer p = {n, k, a, lda, rows, packed, bias, c, ldc, activation, results_of(bytes)};
    size_t i = 0;
    for (; i + 4 <= m; i += 4)
        for (size_t j = 0; j < n; j += TANDEMK_PANEL) tile(&p, i, j, 4);
    for (; i + 2 <= m; i += 2)
        for (size_t j = 0; j < n; j += TANDEMK_PANEL) tile(&p, i, j, 2);
    for (; i < m; i++)
        for (size_t j = 0; j < n; j += TANDEMK_PANEL) tile(&p, i, j, 1);
    finish_rows(&p, m);
}
#endif
