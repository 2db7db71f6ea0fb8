/* Eight rows by two panels in sixteen accumulators: a broadcast of four activations serves two
 * vpdpbusd and a weight vector eight, so that a core which starts two of them a cycle needs little
 * more than one load for each two. The panels' pair stays in the first-level cache while the row
 * tiles pass it. What is left of the rows is one tile of its own height, with more panels the fewer
 * rows it has, so that no accumulator waits for itself and weights are read once. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "panel.h"

#pragma STDC FP_CONTRACT OFF

#define VNNI_FN static inline __attribute__((always_inline)) TANDEMK_TARGET_AVX512VNNI
#define ROWS_MAX 8
#define PANELS_MAX 4

VNNI_FN __mmask16 live(const layer *p, size_t j) {
    return (__mmask16)(p->n - j < 16 ? (1u << (p->n - j)) - 1 : 0xffff);
}

VNNI_FN int32_t four(const int8_t *p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
}

VNNI_FN const qc8w_panel *panel_at(const layer *p, size_t j) {
    return (const void *)(p->packed + j / TANDEMK_PANEL * qc8w_panel_bytes(p->k));
}

/* What a tile's columns share. sum: 128 times the columns' sums. */
typedef struct columns {
    __m512i sum[PANELS_MAX];
    __m512 scale[PANELS_MAX], bias[PANELS_MAX];
} columns;

VNNI_FN columns columns_at(const layer *p, size_t j, int panels) {
    columns found;
#pragma clang loop unroll(full)
    for (int q = 0; q < panels; q++, j += TANDEMK_PANEL) {
        const qc8w_panel *panel = panel_at(p, j);
        found.sum[q] = _mm512_slli_epi32(_mm512_load_si512(panel->sum), 7);
        found.scale[q] = _mm512_load_ps(panel->scale);
        found.bias[q] =
            p->bias ? _mm512_maskz_loadu_ps(live(p, j), p->bias + j) : _mm512_setzero_ps();
    }
    return found;
}

/* sums -> c, for one row. What starts a sum in other kernels is added last here, so that the next
 * tile's products need not wait for it; zero is 0 or -128, which a mask tells apart. */
VNNI_FN void finish(
    const layer *p, size_t i, size_t j, const columns *columns, const __m512i *sum, int panels
) {
    const tandemk_qd8_row row = p->rows[i];
    const __m512i own = _mm512_set1_epi32(qd8_start(row, 0));
    const __mmask16 shifted = row.zero ? 0xffff : 0;
    const __m512 scale = _mm512_set1_ps(row.scale);
    const __m512 floor =
        _mm512_set1_ps(p->activation == TANDEMK_ACTIVATION_RELU ? 0 : -__builtin_inff());
    float *c = p->c + i * p->ldc + j;
#pragma clang loop unroll(full)
    for (int q = 0; q < panels; q++, c += TANDEMK_PANEL, j += TANDEMK_PANEL) {
        __m512i added = _mm512_mask_add_epi32(own, shifted, own, columns->sum[q]);
        __m512 exact = _mm512_cvtepi32_ps(_mm512_add_epi32(sum[q], added));
        __m512 scales = _mm512_mul_ps(scale, columns->scale[q]);
        /* The second operand passes where it is NaN or both are equal. */
        __m512 y = _mm512_max_ps(floor, _mm512_fmadd_ps(exact, scales, columns->bias[q]));
        if (q + 1 < panels) _mm512_storeu_ps(c, y);
        else _mm512_mask_storeu_ps(c, live(p, j), y);
    }
}

/* `rows` rows by `panels` panels from column j on, the last of which may be a part; both are
 * constants where this is inlined, and the loops over them go. */
VNNI_FN void tile(const layer *p, size_t i, size_t j, int rows, int panels) {
    const int8_t *a = p->a + i * p->lda;
    const size_t stride = qc8w_panel_bytes(p->k), groups = tandemk_qd8_stride(p->k) / 4;
    const uint8_t *w = panel_at(p, j)->w;
    __m512i sum[ROWS_MAX][PANELS_MAX];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++) sum[r][q] = _mm512_setzero_si512();
    for (size_t g = 0; g < groups; g++, a += 4, w += 64) {
        __m512i column[PANELS_MAX];
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++) {
            column[q] = _mm512_load_si512(w + (size_t)q * stride);
            _mm_prefetch(w + (size_t)(panels + q) * stride, _MM_HINT_T0);
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            __m512i x = _mm512_set1_epi32(four(a + (size_t)r * p->lda));
#pragma clang loop unroll(full)
            for (int q = 0; q < panels; q++)
                sum[r][q] = _mm512_dpbusd_epi32(sum[r][q], column[q], x);
        }
    }
    const columns found = columns_at(p, j, panels);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) finish(p, i + (size_t)r, j, &found, sum[r], panels);
}

/* The rows of [i, end), `rows` at a time, by all columns, `panels` panels at a time and then one by
 * one. */
VNNI_FN void strip(const layer *p, size_t i, size_t end, int rows, int panels) {
    size_t j = 0;
    for (; j + (size_t)(panels - 1) * TANDEMK_PANEL < p->n; j += (size_t)panels * TANDEMK_PANEL)
        for (size_t at = i; at < end; at += (size_t)rows) tile(p, at, j, rows, panels);
    for (; j < p->n; j += TANDEMK_PANEL)
        for (size_t at = i; at < end; at += (size_t)rows) tile(p, at, j, rows, 1);
}

tandemk_qd8_f32_qc8w_gemm_fn tandemk_qd8_f32_qc8w_gemm_8x32c4__avx512vnni;
TANDEMK_TARGET_AVX512VNNI void tandemk_qd8_f32_qc8w_gemm_8x32c4__avx512vnni(
    size_t m, size_t n, size_t k, const int8_t *a, size_t lda, const tandemk_qd8_row *rows,
    const void *packed, const float *bias, float *c, size_t ldc, tandemk_activation activation
) {
    const layer p = {n, k, a, lda, rows, packed, bias, c, ldc, activation};
    const size_t whole = m / ROWS_MAX * ROWS_MAX;
    if (whole) strip(&p, 0, whole, ROWS_MAX, 2);
    switch (m - whole) {
        case 1: strip(&p, whole, m, 1, 4); break;
        case 2: strip(&p, whole, m, 2, 4); break;
        case 3: strip(&p, whole, m, 3, 4); break;
        case 4: strip(&p, whole, m, 4, 4); break;
        case 5: strip(&p, whole, m, 5, 2); break;
        case 6: strip(&p, whole, m, 6, 2); break;
        case 7: strip(&p, whole, m, 7, 2); break;
        default: break;
    }
}
#endif
