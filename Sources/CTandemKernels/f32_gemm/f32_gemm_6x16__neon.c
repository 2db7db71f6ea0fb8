/* Six rows by one panel (four vectors) in twenty-four of the thirty-two registers. Fewer rows take
 * one panel too: four accumulators a row already cover the latency of two rows and more, and one
 * row waits for its weights anyway. */
#if defined(__aarch64__)
#include "../lanes/neon.h"

#define ROWS_MAX 6
#define VECTORS 4

typedef struct layer {
    size_t n, k;
    const float *a;
    size_t lda;
    const float *packed, *bias;
    float *c;
    size_t ldc;
    tandemk_activation activation;
} layer;

/* How many of the four columns from j on exist. */
LANES_FN size_t live(const layer *p, size_t j) {
    return j >= p->n ? 0 : p->n - j < LANES ? p->n - j : LANES;
}

/* `rows` rows by the panel of column j; `rows` is a constant where this is inlined. */
LANES_FN void tile(const layer *p, size_t i, size_t j, int rows) {
    const float *a = p->a + i * p->lda, *w = p->packed + j * p->k;
    vf sum[ROWS_MAX][VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) {
        size_t at = j + (size_t)v * LANES, columns = live(p, at);
        vf first = p->bias && columns ? v_load_part(p->bias + at, columns) : v_set(0);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) sum[r][v] = first;
    }
    for (size_t l = 0; l < p->k; l++, w += TANDEMK_PANEL) {
        vf column[VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) column[v] = v_load(w + v * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vf x = v_set(a[(size_t)r * p->lda + l]);
#pragma clang loop unroll(full)
            for (int v = 0; v < VECTORS; v++) sum[r][v] = v_fma(x, column[v], sum[r][v]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        float *c = p->c + (i + (size_t)r) * p->ldc;
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) {
            size_t at = j + (size_t)v * LANES, columns = live(p, at);
            vf y =
                p->activation == TANDEMK_ACTIVATION_RELU ? v_max(v_set(0), sum[r][v]) : sum[r][v];
            if (columns == LANES) v_store(c + at, y);
            else if (columns) v_store_part(c + at, columns, y);
        }
    }
}

LANES_FN void strip(const layer *p, size_t i, int rows) {
    for (size_t j = 0; j < p->n; j += TANDEMK_PANEL) tile(p, i, j, rows);
}

tandemk_f32_gemm_fn tandemk_f32_gemm_6x16__neon;
LANES_KERNEL void tandemk_f32_gemm_6x16__neon(
    size_t m, size_t n, size_t k, const float *a, size_t lda, const void *packed, const float *bias,
    float *c, size_t ldc, tandemk_activation activation
) {
    const layer p = {n, k, a, lda, packed, bias, c, ldc, activation};
    size_t i = 0;
    for (; i + 6 <= m; i += 6) strip(&p, i, 6);
    if (m - i >= 3) {
        strip(&p, i, 3);
        i += 3;
    }
    for (; i < m; i++) strip(&p, i, 1);
}
#endif
