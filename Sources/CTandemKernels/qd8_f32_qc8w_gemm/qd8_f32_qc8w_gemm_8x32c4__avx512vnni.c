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
 * a stream that it follows ends with its page, and on Zen 5 some processes' streams from the
 * third-level cache were not followed (ple took 52 us instead of 46). So the beginning of the next
 * page is asked for in layers that come from there. Asking for each line, 2 KB ahead, takes Zen 4 a
 * quarter longer (26 us instead of 21 for the 1.9 MB of ple's context). Rows without a negative
 * value, which is all rows behind a ReLU, have one zero, so that its products with the columns'
 * sums are made once for a tile instead of once a row: 2 % of a layer of 128 inputs. */
#if defined(__x86_64__)
#include "vnni512.h"

#define ROWS_MAX 8
#define PANELS_MAX 4
#define SUMS 4
#define PAGE 4096
/* Bytes at the beginning of a page that are asked for while those of the page before are read. */
#define PAGE_HEAD 512
/* Bytes of a layer that the second-level cache will not have kept. */
#define LARGE (512 << 10)

/* `rows` rows by `panels` panels from column j on, the last of which may be a part; both are
 * constants where this is inlined, and the loops over them go, as are `alike`, whether the rows
 * have one zero, and `asks`, whether the panels behind these are asked for. A row's panels are
 * started and finished one after the other: their order decides how much of both hides behind
 * products. */
VNNI_FN void tile(
    const layer *p, size_t i, size_t j, int rows, int panels, bool alike, bool asks
) {
    const int8_t *a = p->a + i * p->lda;
    const size_t stride = qc8w_panel_bytes(p->k), groups = tandemk_qd8_stride(p->k) / 4;
    const uint8_t *w = panel_at(p, j)->w;
    const char *ahead = (const char *)panel_at(p, j) + (size_t)panels * stride;
    __m512i sum[ROWS_MAX][PANELS_MAX], zeros[PANELS_MAX];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const tandemk_qd8_row row = p->rows[i + (size_t)r];
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++) {
            if (r == 0 || !alike)
                zeros[q] = zeros_of(row.zero, panel_at(p, j + (size_t)q * TANDEMK_PANEL));
            sum[r][q] = start(row, zeros[q]);
        }
    }
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
VNNI_FN void strip(const layer *p, size_t i, size_t end, int rows, int panels, bool alike) {
    const size_t columns = (size_t)panels * TANDEMK_PANEL;
    size_t j = 0;
    for (; j + columns - TANDEMK_PANEL < p->n; j += columns) {
        size_t at = i;
        if (rows == ROWS_MAX && j + columns < p->n) {
            tile(p, at, j, rows, panels, alike, true);
            at += (size_t)rows;
        }
        for (; at < end; at += (size_t)rows) tile(p, at, j, rows, panels, alike, false);
    }
    for (; j < p->n; j += TANDEMK_PANEL)
        for (size_t at = i; at < end; at += (size_t)rows) tile(p, at, j, rows, 1, alike, false);
}

/* Whether the first m rows have one zero. */
VNNI_FN bool are_alike(const layer *p, size_t m) {
    int32_t difference = 0;
    for (size_t i = 1; i < m; i++) difference |= p->rows[i].zero ^ p->rows[0].zero;
    return difference == 0;
}

/* One row by one panel; `asks` is whether the next page is asked for, and constant. */
VNNI_FN void one_panel(const layer *p, size_t i, size_t j, bool asks) {
    const qc8w_panel *panel = panel_at(p, j);
    const size_t groups = tandemk_qd8_stride(p->k) / 4;
    const int8_t *a = p->a + i * p->lda;
    const uint8_t *w = panel->w;
    __m512i sum[SUMS] = {start(p->rows[i], zeros_of(p->rows[i].zero, panel))};
    size_t g = 0;
    for (; g + SUMS <= groups; g += SUMS, a += 4 * SUMS, w += 64 * SUMS) {
        const bool at_head = asks && (uintptr_t)w % PAGE < PAGE_HEAD;
#pragma clang loop unroll(full)
        for (size_t s = 0; s < SUMS; s++) {
            if (at_head) _mm_prefetch(w + 64 * s + PAGE, _MM_HINT_T0);
            sum[s] = _mm512_dpbusd_epi32(
                sum[s], _mm512_load_si512(w + 64 * s), _mm512_set1_epi32(four(a + 4 * s)));
        }
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
    if (whole && are_alike(&p, whole)) strip(&p, 0, whole, ROWS_MAX, 2, true);
    else if (whole) strip(&p, 0, whole, ROWS_MAX, 2, false);
    switch (m - whole) {
        case 1:
            if (n / TANDEMK_PANEL * qc8w_panel_bytes(k) > LARGE) one_row(&p, whole, true);
            else one_row(&p, whole, false);
            break;
        case 2: strip(&p, whole, m, 2, 4, false); break;
        case 3: strip(&p, whole, m, 3, 4, false); break;
        case 4: strip(&p, whole, m, 4, 4, false); break;
        case 5: strip(&p, whole, m, 5, 2, false); break;
        case 6: strip(&p, whole, m, 6, 2, false); break;
        case 7: strip(&p, whole, m, 7, 2, false); break;
        default: break;
    }
}
#endif
