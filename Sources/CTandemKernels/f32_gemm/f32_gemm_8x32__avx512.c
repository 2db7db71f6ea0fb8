/* Eight rows by two panels in sixteen accumulators: ten loads for sixteen multiply-adds, so that
 * arithmetic is the limit. One row takes four panels at a time instead, because each accumulator
 * waits four cycles for its own last addition. */
#if defined(__x86_64__)
#include "../lanes/avx512.h"

#define ROWS_MAX 8
#define PANELS_MAX 4

typedef struct layer {
    size_t n, k;
    const float *a;
    size_t lda;
    const float *packed, *bias;
    float *c;
    size_t ldc;
    tandemk_activation activation;
} layer;

/* `rows` rows by `panels` panels from column j on; both are constants where this is inlined, and
 * the loops over them go. */
LANES_FN void tile(const layer *p, size_t i, size_t j, int rows, int panels) {
    const float *a = p->a + i * p->lda, *w = p->packed + j * p->k;
    const size_t panel = TANDEMK_PANEL * p->k;
    vf sum[ROWS_MAX][PANELS_MAX];
    __mmask16 live[PANELS_MAX];
#pragma clang loop unroll(full)
    for (int q = 0; q < panels; q++) {
        live[q] = first_lanes(p->n - j - (size_t)q * TANDEMK_PANEL);
        vf first =
            p->bias ? _mm512_maskz_loadu_ps(live[q], p->bias + j + q * TANDEMK_PANEL) : v_set(0);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) sum[r][q] = first;
    }
    for (size_t l = 0; l < p->k; l++, w += TANDEMK_PANEL) {
        vf column[PANELS_MAX];
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++) column[q] = _mm512_load_ps(w + (size_t)q * panel);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vf x = v_set(a[(size_t)r * p->lda + l]);
#pragma clang loop unroll(full)
            for (int q = 0; q < panels; q++) sum[r][q] = v_fma(x, column[q], sum[r][q]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        float *c = p->c + (i + (size_t)r) * p->ldc + j;
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++) {
            vf y =
                p->activation == TANDEMK_ACTIVATION_RELU ? v_max(v_set(0), sum[r][q]) : sum[r][q];
            _mm512_mask_storeu_ps(c + q * TANDEMK_PANEL, live[q], y);
        }
    }
}

/* All columns of `rows` rows, `panels` panels at a time and then one by one. */
LANES_FN void strip(const layer *p, size_t i, int rows, int panels) {
    size_t j = 0;
    for (; j + (size_t)(panels - 1) * TANDEMK_PANEL < p->n; j += (size_t)panels * TANDEMK_PANEL)
        tile(p, i, j, rows, panels);
    for (; j < p->n; j += TANDEMK_PANEL) tile(p, i, j, rows, 1);
}

tandemk_f32_gemm_fn tandemk_f32_gemm_8x32__avx512;
LANES_KERNEL void tandemk_f32_gemm_8x32__avx512(
    size_t m, size_t n, size_t k, const float *a, size_t lda, const void *packed, const float *bias,
    float *c, size_t ldc, tandemk_activation activation
) {
    const layer p = {n, k, a, lda, packed, bias, c, ldc, activation};
    size_t i = 0;
    for (; i + 8 <= m; i += 8) strip(&p, i, 8, 2);
    if (m - i >= 4) {
        strip(&p, i, 4, 2);
        i += 4;
    }
    if (m - i >= 2) {
        strip(&p, i, 2, 4);
        i += 2;
    }
    if (m - i) strip(&p, i, 1, 4);
}
#endif
