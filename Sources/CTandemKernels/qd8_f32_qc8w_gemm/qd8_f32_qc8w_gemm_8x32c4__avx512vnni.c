/* Eight rows by two panels in sixteen accumulators: a broadcast of four activations serves two
 * vpdpbusd and a weight vector eight, so that a core which starts two of them a cycle needs little
 * more than one load for each two. The panels' pair stays in the first-level cache while the row
 * tiles pass it; the first of them asks for the next pair, whose lines come from the third-level
 * cache where a model is larger than the second. What is left of the rows is one tile of its own
 * height, with more panels the fewer rows it has, so that no accumulator waits for itself and
 * weights are read once. Two rows wait for weights, and so ask for some lines ahead. One row takes
 * a panel at a time and spreads its sums over the inputs instead, which changes nothing where all
 * are integers: its weights are one stream from first to last. With four panels at a time ranking
 * models took 1.02 to 1.09 of the time. The processor asks for that stream by itself and well, but
 * in some processes not from the third-level cache (ple took 52 us instead of 46), so layers that
 * come from there are asked for; asking for what is in the second costs esmm 6 %. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "panel.h"

#pragma STDC FP_CONTRACT OFF

#define VNNI_FN static inline __attribute__((always_inline)) TANDEMK_TARGET_AVX512VNNI
#define ROWS_MAX 8
#define PANELS_MAX 4
#define SUMS 4
/* Bytes from what is read to what is asked for. */
#define AHEAD 2048
/* Bytes of a layer that the second-level cache will not have kept. */
#define LARGE (512 << 10)

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

/* What the sums of a row and a panel start from. */
VNNI_FN __m512i start(tandemk_qd8_row row, const qc8w_panel *panel) {
    __m512i columns = _mm512_load_si512(panel->sum);
    __m512i zeros = _mm512_mullo_epi32(_mm512_set1_epi32(row.zero), columns);
    return _mm512_sub_epi32(_mm512_set1_epi32(qd8_start(row, 0)), zeros);
}

/* What a tile's end needs of a panel, read once for all rows: stores to c may change any float, as
 * far as the compiler knows. */
typedef struct ends {
    __m512 scale, bias;
    __mmask16 live;
} ends;

VNNI_FN ends ends_of(const layer *p, size_t j) {
    const __mmask16 mask = live(p, j);
    __m512 bias = p->bias ? _mm512_maskz_loadu_ps(mask, p->bias + j) : _mm512_setzero_ps();
    return (ends){_mm512_load_ps(panel_at(p, j)->scale), bias, mask};
}

/* sum -> c, for one row and one panel. Whole panels are stored without a mask: stores with one
 * kept the next tile's products waiting. */
VNNI_FN void finish(const layer *p, size_t i, size_t j, ends panel, __m512 scale, __m512i sum) {
    float *c = p->c + i * p->ldc + j;
    scale = _mm512_mul_ps(scale, panel.scale);
    __m512 y = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, panel.bias);
    if (p->activation == TANDEMK_ACTIVATION_RELU) y = _mm512_max_ps(_mm512_setzero_ps(), y);
    if (p->n - j >= TANDEMK_PANEL) _mm512_storeu_ps(c, y);
    else _mm512_mask_storeu_ps(c, panel.live, y);
}

/* `rows` rows by `panels` panels from column j on, the last of which may be a part; both are
 * constants where this is inlined, and the loops over them go, as is `asks`, whether the panels
 * behind these are asked for. A row's panels are started and finished one after the other: their
 * order decides how much of both hides behind products. */
VNNI_FN void tile(const layer *p, size_t i, size_t j, int rows, int panels, bool asks) {
    const int8_t *a = p->a + i * p->lda;
    const size_t stride = qc8w_panel_bytes(p->k), groups = tandemk_qd8_stride(p->k) / 4;
    const uint8_t *w = panel_at(p, j)->w;
    const char *ahead = (const char *)panel_at(p, j) + (size_t)panels * stride;
    __m512i sum[ROWS_MAX][PANELS_MAX];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++)
            sum[r][q] = start(p->rows[i + (size_t)r], panel_at(p, j + (size_t)q * TANDEMK_PANEL));
    for (size_t g = 0; g < groups; g++, a += 4, w += 64) {
        __m512i column[PANELS_MAX];
        if (asks) {
            _mm_prefetch(ahead + g * 128, _MM_HINT_T0);
            _mm_prefetch(ahead + g * 128 + 64, _MM_HINT_T0);
        }
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++) {
            column[q] = _mm512_load_si512(w + (size_t)q * stride);
            if (rows == 2) _mm_prefetch(w + (size_t)q * stride + 512, _MM_HINT_T0);
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            __m512i x = _mm512_set1_epi32(four(a + (size_t)r * p->lda));
#pragma clang loop unroll(full)
            for (int q = 0; q < panels; q++)
                sum[r][q] = _mm512_dpbusd_epi32(sum[r][q], column[q], x);
        }
    }
    ends end[PANELS_MAX];
#pragma clang loop unroll(full)
    for (int q = 0; q < panels; q++) end[q] = ends_of(p, j + (size_t)q * TANDEMK_PANEL);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        __m512 scale = _mm512_set1_ps(p->rows[i + (size_t)r].scale);
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++)
            finish(p, i + (size_t)r, j + (size_t)q * TANDEMK_PANEL, end[q], scale, sum[r][q]);
    }
}

/* The rows of [i, end), `rows` at a time, by all columns, `panels` panels at a time and then one by
 * one. */
VNNI_FN void strip(const layer *p, size_t i, size_t end, int rows, int panels) {
    const size_t columns = (size_t)panels * TANDEMK_PANEL;
    size_t j = 0;
    for (; j + columns - TANDEMK_PANEL < p->n; j += columns) {
        size_t at = i;
        if (rows == ROWS_MAX && j + columns < p->n) {
            tile(p, at, j, rows, panels, true);
            at += (size_t)rows;
        }
        for (; at < end; at += (size_t)rows) tile(p, at, j, rows, panels, false);
    }
    for (; j < p->n; j += TANDEMK_PANEL)
        for (size_t at = i; at < end; at += (size_t)rows) tile(p, at, j, rows, 1, false);
}

/* One row by one panel; `asks` is whether its stream is asked for, and constant. */
VNNI_FN void one_panel(const layer *p, size_t i, size_t j, bool asks) {
    const qc8w_panel *panel = panel_at(p, j);
    const size_t groups = tandemk_qd8_stride(p->k) / 4;
    const int8_t *a = p->a + i * p->lda;
    const uint8_t *w = panel->w;
    __m512i sum[SUMS] = {start(p->rows[i], panel)};
    size_t g = 0;
    for (; g + SUMS <= groups; g += SUMS, a += 4 * SUMS, w += 64 * SUMS)
#pragma clang loop unroll(full)
        for (size_t s = 0; s < SUMS; s++) {
            if (asks) _mm_prefetch(w + 64 * s + AHEAD, _MM_HINT_T0);
            sum[s] = _mm512_dpbusd_epi32(
                sum[s], _mm512_load_si512(w + 64 * s), _mm512_set1_epi32(four(a + 4 * s)));
        }
    for (; g < groups; g++, a += 4, w += 64)
        sum[0] = _mm512_dpbusd_epi32(sum[0], _mm512_load_si512(w), _mm512_set1_epi32(four(a)));
    for (size_t s = 1; s < SUMS; s++) sum[0] = _mm512_add_epi32(sum[0], sum[s]);
    finish(p, i, j, ends_of(p, j), _mm512_set1_ps(p->rows[i].scale), sum[0]);
}

VNNI_FN void one_row(const layer *p, size_t i, bool asks) {
    for (size_t j = 0; j < p->n; j += TANDEMK_PANEL) one_panel(p, i, j, asks);
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
        case 1:
            if (n / TANDEMK_PANEL * qc8w_panel_bytes(k) > LARGE) one_row(&p, whole, true);
            else one_row(&p, whole, false);
            break;
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
