/* Sixteen rows by one panel in sixteen accumulators: one weight vector is loaded for sixteen
 * vpdpbusd, each of which takes its four activations straight from memory (they are the signed
 * operand, broadcast). Few rows take more panels at a time, so that no accumulator waits for
 * itself. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "panel.h"

#pragma STDC FP_CONTRACT OFF

#define VNNI_FN static inline __attribute__((always_inline)) TANDEMK_TARGET_AVX512VNNI
#define ROWS_MAX 16
#define PANELS_MAX 4

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
} layer;

VNNI_FN __mmask16 live(const layer *p, size_t j) {
    return (__mmask16)(p->n - j < 16 ? (1u << (p->n - j)) - 1 : 0xffff);
}

VNNI_FN int32_t four(const int8_t *p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
}

/* sum -> c, for one row and one panel. */
VNNI_FN void finish(const layer *p, size_t i, size_t j, const qc8w_panel *panel, __m512i sum) {
    __m512 scale = _mm512_mul_ps(_mm512_set1_ps(p->rows[i].scale), _mm512_load_ps(panel->scale));
    __m512 bias = p->bias ? _mm512_maskz_loadu_ps(live(p, j), p->bias + j) : _mm512_setzero_ps();
    __m512 y = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, bias);
    if (p->activation == TANDEMK_ACTIVATION_RELU) y = _mm512_max_ps(_mm512_setzero_ps(), y);
    _mm512_mask_storeu_ps(p->c + i * p->ldc + j, live(p, j), y);
}

/* `rows` rows by `panels` panels from column j on; both are constants where this is inlined, and
 * the loops over them go. */
VNNI_FN void tile(const layer *p, size_t i, size_t j, int rows, int panels) {
    const int8_t *a = p->a + i * p->lda;
    const size_t stride = qc8w_panel_bytes(p->k), groups = tandemk_qd8_stride(p->k) / 4;
    const char *first = p->packed + j / TANDEMK_PANEL * stride;
    const uint8_t *w = ((const qc8w_panel *)(const void *)first)->w;
    __m512i sum[ROWS_MAX][PANELS_MAX];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++)
            sum[r][q] = _mm512_set1_epi32(qd8_start(p->rows[i + (size_t)r].sum));
    for (size_t g = 0; g < groups; g++, a += 4, w += 64) {
        __m512i column[PANELS_MAX];
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++) column[q] = _mm512_load_si512(w + (size_t)q * stride);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            __m512i x = _mm512_set1_epi32(four(a + (size_t)r * p->lda));
#pragma clang loop unroll(full)
            for (int q = 0; q < panels; q++)
                sum[r][q] = _mm512_dpbusd_epi32(sum[r][q], column[q], x);
        }
    }
#pragma clang loop unroll(full)
    for (int q = 0; q < panels; q++)
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
            finish(
                p, i + (size_t)r, j + (size_t)q * TANDEMK_PANEL,
                (const void *)(first + (size_t)q * stride), sum[r][q]
            );
}

/* All columns of `rows` rows, `panels` panels at a time and then one by one. */
VNNI_FN void strip(const layer *p, size_t i, int rows, int panels) {
    size_t j = 0;
    for (; j + (size_t)(panels - 1) * TANDEMK_PANEL < p->n; j += (size_t)panels * TANDEMK_PANEL)
        tile(p, i, j, rows, panels);
    for (; j < p->n; j += TANDEMK_PANEL) tile(p, i, j, rows, 1);
}

tandemk_qd8_f32_qc8w_gemm_fn tandemk_qd8_f32_qc8w_gemm_16x16c4__avx512vnni;
TANDEMK_TARGET_AVX512VNNI void tandemk_qd8_f32_qc8w_gemm_16x16c4__avx512vnni(
    size_t m, size_t n, size_t k, const int8_t *a, size_t lda, const tandemk_qd8_row *rows,
    const void *packed, const float *bias, float *c, size_t ldc, tandemk_activation activation
) {
    const layer p = {n, k, a, lda, rows, packed, bias, c, ldc, activation};
    size_t i = 0;
    for (; i + 16 <= m; i += 16) strip(&p, i, 16, 1);
    if (m - i >= 8) {
        strip(&p, i, 8, 2);
        i += 8;
    }
    if (m - i >= 4) {
        strip(&p, i, 4, 4);
        i += 4;
    }
    if (m - i >= 2) {
        strip(&p, i, 2, 4);
        i += 2;
    }
    if (m - i) strip(&p, i, 1, 4);
}
#endif
