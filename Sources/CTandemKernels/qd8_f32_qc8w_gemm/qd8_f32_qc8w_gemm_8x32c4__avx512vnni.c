/* Eight rows by two panels in sixteen accumulators: a broadcast of four activations serves two
 * vpdpbusd and a weight vector eight, so that a core which starts two of them a cycle needs little
 * more than one load for each two. The panels' pair stays in the first-level cache while the row
 * tiles pass it; the first of them asks for the next pair, whose lines come from the third-level
 * cache where a model is larger than the second. What is left of the rows is one tile of its own
 * height, with more panels the fewer rows it has, so that no accumulator waits for itself and
 * weights are read once. Two rows wait for weights, and so ask for some lines ahead. One row is a
 * stream (vnni512_row.h). Rows without a negative value, which is all rows behind a ReLU, have one
 * zero, so that its products with the columns' sums are made once for a tile instead of once a row:
 * 2 % of a layer of 128 inputs. Rows of one grid have one scale too: 1 %. */
#if defined(__x86_64__)
#include "vnni512.h"
#include "vnni512_row.h"

#define ROWS_MAX 8

/* What all rows of a tile have in common, but for the bytes themselves. */
typedef enum likeness { NOTHING, ONE_ZERO, ONE_GRID } likeness;

/* What is constant where a tile is inlined, so that the loops and questions go: its rows and
 * panels, whether results are bytes, and the rows' likeness. */
typedef struct form {
    int rows, panels;
    bool bytes;
    likeness alike;
} form;

/* A tile's sums -> results. A row's panels are finished one after the other: their order decides
 * how much of it hides behind products. */
VNNI_FN void finish_tile(
    const layer *p, size_t i, size_t j, form of, const __m512i sum[ROWS_MAX][PANELS_MAX]
) {
    ends end[PANELS_MAX];
#pragma clang loop unroll(full)
    for (int q = 0; q < of.panels; q++) end[q] = ends_of(p, j + (size_t)q * TANDEMK_PANEL);
    const bool by_four = of.bytes && of.rows % 2 == 0 && of.panels == 2
        && end[of.panels - 1].columns == LANES;
    __m512 scale[2][PANELS_MAX];
#pragma clang loop unroll(full)
    for (int r = 0; r < of.rows; r++) {
        const size_t row = i + (size_t)r;
#pragma clang loop unroll(full)
        for (int q = 0; q < of.panels; q++) {
            scale[r % 2][q] = r && of.alike == ONE_GRID
                ? scale[0][q] : v_mul(v_set(p->rows[row].scale), end[q].scale);
            if (!by_four)
                finish(
                    p, row, j + (size_t)q * TANDEMK_PANEL, end[q], scale[r % 2][q], sum[r][q],
                    of.bytes
                );
        }
        if (by_four && r % 2) finish_four(p, row - 1, j, end, scale, sum + r - 1);
    }
}

/* The rows from i on by the panels from column j on, the last of which may be a part; `asks`,
 * constant too, is whether the panels behind these are asked for. A row's panels are started and
 * finished one after the other: their order decides how much of both hides behind products. */
VNNI_FN void tile(const layer *p, size_t i, size_t j, form of, bool asks) {
    const int8_t *a = p->a + i * p->lda;
    const size_t stride = qc8w_panel_bytes(p->k), groups = tandemk_qd8_stride(p->k) / 4;
    const uint8_t *w = panel_at(p, j)->w;
    const char *ahead = (const char *)panel_at(p, j) + (size_t)of.panels * stride;
    __m512i sum[ROWS_MAX][PANELS_MAX], zeros[PANELS_MAX];
#pragma clang loop unroll(full)
    for (int r = 0; r < of.rows; r++) {
        const tandemk_qd8_row row = p->rows[i + (size_t)r];
#pragma clang loop unroll(full)
        for (int q = 0; q < of.panels; q++) {
            if (r == 0 || of.alike == NOTHING)
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
        for (int q = 0; q < of.panels; q++) {
            column[q] = _mm512_load_si512(w + (size_t)q * stride);
            if (of.rows == 2) _mm_prefetch(w + (size_t)q * stride + 512, _MM_HINT_T0);
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < of.rows; r++) {
            __m512i x = _mm512_set1_epi32(four(a + (size_t)r * p->lda));
#pragma clang loop unroll(full)
            for (int q = 0; q < of.panels; q++)
                sum[r][q] = _mm512_dpbusd_epi32(sum[r][q], column[q], x);
        }
    }
    finish_tile(p, i, j, of, sum);
}

/* The rows of [i, end), so many at a time, by all columns, so many panels at a time and then one by
 * one. */
VNNI_FN void strip(const layer *p, size_t i, size_t end, form of) {
    const size_t columns = (size_t)of.panels * TANDEMK_PANEL, rows = (size_t)of.rows;
    size_t j = 0;
    for (; j + columns - TANDEMK_PANEL < p->n; j += columns) {
        size_t at = i;
        if (of.rows == ROWS_MAX && j + columns < p->n) {
            tile(p, at, j, of, true);
            at += rows;
        }
        for (; at < end; at += rows) tile(p, at, j, of, false);
    }
    of.panels = 1;
    for (; j < p->n; j += TANDEMK_PANEL)
        for (size_t at = i; at < end; at += rows) tile(p, at, j, of, false);
}

/* What the first m rows have in common. */
VNNI_FN likeness likeness_of(const layer *p, size_t m) {
    struct {
        uint32_t scale, zero;
    } first, own, gap = {0};
    __builtin_memcpy(&first, p->rows, sizeof first);
#pragma clang loop vectorize(disable) unroll(disable)
    for (size_t i = 1; i < m; i++) {
        __builtin_memcpy(&own, p->rows + i, sizeof own);
        gap.scale |= own.scale ^ first.scale;
        gap.zero |= own.zero ^ first.zero;
    }
    return gap.zero ? NOTHING : gap.scale ? ONE_ZERO : ONE_GRID;
}

/* The product; `bytes`, constant, is whether its results are bytes. */
VNNI_FN void product(const layer *p, size_t m, bool bytes) {
    const size_t whole = m / ROWS_MAX * ROWS_MAX;
    if (whole) {
        switch (likeness_of(p, whole)) {
            case NOTHING: strip(p, 0, whole, (form){ROWS_MAX, 2, bytes, NOTHING}); break;
            case ONE_ZERO: strip(p, 0, whole, (form){ROWS_MAX, 2, bytes, ONE_ZERO}); break;
            case ONE_GRID: strip(p, 0, whole, (form){ROWS_MAX, 2, bytes, ONE_GRID}); break;
        }
    }
    switch (m - whole) {
        case 1: one_row(p, whole, bytes); break;
        case 2: strip(p, whole, m, (form){2, 4, bytes, NOTHING}); break;
        case 3: strip(p, whole, m, (form){3, 4, bytes, NOTHING}); break;
        case 4: strip(p, whole, m, (form){4, 4, bytes, NOTHING}); break;
        case 5: strip(p, whole, m, (form){5, 2, bytes, NOTHING}); break;
        case 6: strip(p, whole, m, (form){6, 2, bytes, NOTHING}); break;
        case 7: strip(p, whole, m, (form){7, 2, bytes, NOTHING}); break;
        default: break;
    }
}

tandemk_qd8_f32_qc8w_gemm_fn tandemk_qd8_f32_qc8w_gemm_8x32c4__avx512vnni;
TANDEMK_TARGET_AVX512VNNI void tandemk_qd8_f32_qc8w_gemm_8x32c4__avx512vnni(
    size_t m, size_t n, size_t k, const int8_t *a, size_t lda, const tandemk_qd8_row *rows,
    const void *packed, const float *bias, float *c, size_t ldc, tandemk_activation activation,
    const tandemk_qs8_rows *bytes
) {
    const layer p = {n, k, a, lda, rows, packed, bias, c, ldc, activation, results_of(bytes)};
    if (bytes) product(&p, m, true);
    else product(&p, m, false);
    finish_rows(&p, m);
}
#endif
