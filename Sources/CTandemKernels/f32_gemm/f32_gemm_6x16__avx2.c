/* Six rows by one panel (two vectors) in twelve of the sixteen registers. One row takes three
 * panels at a time, because each accumulator waits four or five cycles for its own last
 * addition. */
#if defined(__x86_64__)
#include "../lanes/avx2.h"

#define ROWS_MAX 6
#define VECTORS_MAX 6

typedef struct layer {
    size_t n, k;
    const float *a;
    size_t lda;
    const float *packed, *bias;
    float *c;
    size_t ldc;
    tandemk_activation activation;
} layer;

/* How many of the eight columns from j on exist. */
LANES_FN size_t live(const layer *p, size_t j) {
    return j >= p->n ? 0 : p->n - j < LANES ? p->n - j : LANES;
}

/* `rows` rows by `vectors` half panels from column j on; both are constants where this is
 * inlined. */
LANES_FN void tile(const layer *p, size_t i, size_t j, int rows, int vectors) {
    const float *a = p->a + i * p->lda, *w = p->packed + j * p->k;
    const size_t panel = TANDEMK_PANEL * p->k;
    vf sum[ROWS_MAX][VECTORS_MAX];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
        size_t at = j + (size_t)v * LANES;
        vf first = p->bias && at < p->n ? v_load_part(p->bias + at, live(p, at)) : v_set(0);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) sum[r][v] = first;
    }
    for (size_t l = 0; l < p->k; l++, w += TANDEMK_PANEL) {
        vf column[VECTORS_MAX];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            column[v] = _mm256_load_ps(w + (size_t)(v / 2) * panel + v % 2 * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vf x = v_set(a[(size_t)r * p->lda + l]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sum[r][v] = v_fma(x, column[v], sum[r][v]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        float *c = p->c + (i + (size_t)r) * p->ldc;
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            size_t at = j + (size_t)v * LANES, columns = live(p, at);
            vf y =
                p->activation == TANDEMK_ACTIVATION_RELU ? v_max(v_set(0), sum[r][v]) : sum[r][v];
            if (columns == LANES) v_store(c + at, y);
            else if (columns) v_store_part(c + at, columns, y);
        }
    }
}

/* All columns of `rows` rows, `panels` panels at a time and then one by one. */
LANES_FN void strip(const layer *p, size_t i, int rows, int panels) {
    size_t j = 0;
    for (; j + (size_t)(panels - 1) * TANDEMK_PANEL < p->n; j += (size_t)panels * TANDEMK_PANEL)
        tile(p, i, j, rows, 2 * panels);
    for (; j < p->n; j += TANDEMK_PANEL) tile(p, i, j, rows, 2);
}

tandemk_f32_gemm_fn tandemk_f32_gemm_6x16__avx2;
LANES_KERNEL void tandemk_f32_gemm_6x16__avx2(
    size_t m, size_t n, size_t k, const float *a, size_t lda, const void *packed, const float *bias,
    float *c, size_t ldc, tandemk_activation activation
) {
    const layer p = {n, k, a, lda, packed, bias, c, ldc, activation};
    size_t i = 0;
    for (; i + 6 <= m; i += 6) strip(&p, i, 6, 1);
    if (m - i >= 3) {
        strip(&p, i, 3, 1);
        i += 3;
    }
    for (; i < m; i++) strip(&p, i, 1, 3);
}
#endif
