/* Four rows by half a panel, exact on AVX2: both operands are widened to 16 bits and vpmaddwd adds
 * pairs of products in 32, so that nothing saturates (see tandem_kernels.h on vpmaddubsw). A vector
 * of weights is 4 columns of 4 rows of k; its sums come in pairs, which are joined at the end. */
#if defined(__x86_64__)
#include "../lanes/avx2.h"
#include "results.h"

#define ROWS_MAX 4

/* Four activations, widened, four times over. */
LANES_FN vi four(const int8_t *p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return _mm256_cvtepi8_epi16(_mm_set1_epi32(x));
}

LANES_FN vi weights(const uint8_t *w) {
    return _mm256_cvtepu8_epi16(_mm_load_si128((const void *)w));
}

/* The sums of eight columns, from their pairs: (0 0 1 1 2 2 3 3) and (4 4 5 5 6 6 7 7). */
LANES_FN vi joined(vi low, vi high) {
    return _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xd8);
}

/* sum -> c, for one row and the eight columns from j on, of which `columns` exist; `at` is the
 * first of them in the panel. */
LANES_FN void finish(
    const layer *p, size_t i, size_t j, size_t columns, const qc8w_panel *panel, size_t at, vi sum
) {
    vi start = i_set((uint32_t)qd8_start(p->rows[i], 0)), zero = i_set((uint32_t)p->rows[i].zero);
    vi sums = _mm256_load_si256((const void *)(panel->sum + at));
    sum = i_add(sum, i_sub(start, _mm256_mullo_epi32(zero, sums)));
    finish_lanes(p, i, j, columns, panel->scale + at, sum);
}

/* `rows` rows by the half panel from column j on; `rows` is a constant where this is inlined. */
LANES_FN void tile(const layer *p, size_t i, size_t j, int rows) {
    const int8_t *a = p->a + i * p->lda;
    const size_t groups = tandemk_qd8_stride(p->k) / 4, at = j % TANDEMK_PANEL;
    const qc8w_panel *panel =
        (const void *)(p->packed + j / TANDEMK_PANEL * qc8w_panel_bytes(p->k));
    const uint8_t *w = panel->w + at * 4;
    vi low[ROWS_MAX], high[ROWS_MAX];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) low[r] = high[r] = i_set(0);
    for (size_t g = 0; g < groups; g++, a += 4, w += TANDEMK_PANEL * 4) {
        vi left = weights(w), right = weights(w + 16);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vi x = four(a + (size_t)r * p->lda);
            low[r] = i_add(low[r], _mm256_madd_epi16(left, x));
            high[r] = i_add(high[r], _mm256_madd_epi16(right, x));
        }
    }
    size_t columns = p->n - j < LANES ? p->n - j : LANES;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        finish(p, i + (size_t)r, j, columns, panel, at, joined(low[r], high[r]));
}

tandemk_qd8_f32_qc8w_gemm_fn tandemk_qd8_f32_qc8w_gemm_4x8c4__avx2;
LANES_KERNEL void tandemk_qd8_f32_qc8w_gemm_4x8c4__avx2(
    size_t m, size_t n, size_t k, const int8_t *a, size_t lda, const tandemk_qd8_row *rows,
    const void *packed, const float *bias, float *c, size_t ldc, tandemk_activation activation,
    const tandemk_qs8_rows *bytes
) {
    const layer p = {n, k, a, lda, rows, packed, bias, c, ldc, activation, results_of(bytes)};
    size_t i = 0;
    for (; i + 4 <= m; i += 4)
        for (size_t j = 0; j < n; j += LANES) tile(&p, i, j, 4);
    for (; i < m; i++)
        for (size_t j = 0; j < n; j += LANES) tile(&p, i, j, 1);
    finish_rows(&p, m);
}
#endif
