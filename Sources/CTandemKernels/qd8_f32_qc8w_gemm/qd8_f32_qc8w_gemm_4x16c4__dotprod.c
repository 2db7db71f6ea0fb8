/* Four rows by one panel in sixteen accumulators: sdot adds four products to each of four columns.
 * It takes signed bytes on both sides, so 128 is taken off the weights as they are loaded (their
 * top bit flips), and the sums need no correction but for the row's zero. */
#if defined(__aarch64__)
#include "../register.h"

#define NEON_FN static inline __attribute__((always_inline)) TANDEMK_TARGET_DOTPROD
#include "neon.h"

#define ROWS_MAX 4
#define VECTORS 4

NEON_FN int8x16_t weights(const uint8_t *w) {
    return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(w), vdupq_n_u8(0x80)));
}

/* Four activations, four times over. */
NEON_FN int8x16_t four(const int8_t *p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return vreinterpretq_s8_s32(vdupq_n_s32(x));
}

/* `rows` rows by the panel of column j; `rows` is a constant where this is inlined. */
NEON_FN void tile(const layer *p, size_t i, size_t j, int rows) {
    const int8_t *a = p->a + i * p->lda;
    const qc8w_panel *panel = panel_of(p, j);
    const uint8_t *w = panel->w;
    int32x4_t sum[ROWS_MAX][VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) sum[r][v] = vdupq_n_s32(0);
    for (size_t l = 0; l < p->k; l += 4, a += 4, w += 4 * TANDEMK_PANEL) {
        int8x16_t column[VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) column[v] = weights(w + 16 * v);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            int8x16_t x = four(a + (size_t)r * p->lda);
#pragma clang loop unroll(full)
            for (int v = 0; v < VECTORS; v++) sum[r][v] = vdotq_s32(sum[r][v], column[v], x);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++)
            finish(
                p, i + (size_t)r, j + 4 * (size_t)v, panel->scale + 4 * v,
                vsubq_s32(sum[r][v], zero_part(p->rows[i + (size_t)r], panel, 4 * (size_t)v))
            );
}

tandemk_qd8_f32_qc8w_gemm_fn tandemk_qd8_f32_qc8w_gemm_4x16c4__dotprod;
TANDEMK_TARGET_DOTPROD void tandemk_qd8_f32_qc8w_gemm_4x16c4__dotprod(
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
