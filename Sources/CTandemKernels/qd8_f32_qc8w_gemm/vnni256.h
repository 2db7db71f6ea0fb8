/* Six rows by half a panel, vpdpbusd on 256 bits: one source for its two encodings. Define VNNI_FN,
 * the attributes of an inlined step, and VNNI_ADD(sum, weights, activations) first.
 *
 * AVX-VNNI is the VEX form, for processors without AVX-512; AVX512-VNNI with VL has the same
 * instruction in its EVEX form. Twelve accumulators, two weight vectors and one broadcast fit the
 * sixteen registers that VEX can name. Few rows take a whole panel and more at a time, so that no
 * accumulator waits for itself. */
#pragma once

#include "../lanes/avx2.h"
#include "results.h"

#define ROWS_MAX 6
#define HALVES_MAX 8

/* Four activations, eight times over. */
VNNI_FN vi four(const int8_t *p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return _mm256_set1_epi32(x);
}

/* What the sums of a row and eight columns start from. */
VNNI_FN vi start(tandemk_qd8_row row, const int32_t *column_sums) {
    vi columns = _mm256_load_si256((const void *)column_sums);
    vi zeros = _mm256_mullo_epi32(i_set((uint32_t)row.zero), columns);
    return i_sub(i_set((uint32_t)qd8_start(row, 0)), zeros);
}

/* sum -> c, for one row and the eight columns from j on, of which some may not exist. */
VNNI_FN void finish(const layer *p, size_t i, size_t j, const float *scales, vi sum) {
    if (j >= p->n) return;
    size_t columns = p->n - j < LANES ? p->n - j : LANES;
    finish_lanes(p, i, j, columns, scales, sum);
}

/* `rows` rows by `halves` (even) half panels from column j on; both are constants where this is
 * inlined. */
VNNI_FN void tile(const layer *p, size_t i, size_t j, int rows, int halves) {
    const int8_t *a = p->a + i * p->lda;
    const size_t stride = qc8w_panel_bytes(p->k), groups = tandemk_qd8_stride(p->k) / 4;
    const char *first = p->packed + j / TANDEMK_PANEL * stride;
    const uint8_t *w = ((const qc8w_panel *)(const void *)first)->w;
    vi sum[ROWS_MAX][HALVES_MAX];
#pragma clang loop unroll(full)
    for (int h = 0; h < halves; h++) {
        const qc8w_panel *panel = (const void *)(first + (size_t)(h / 2) * stride);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
            sum[r][h] = start(p->rows[i + (size_t)r], panel->sum + h % 2 * LANES);
    }
    for (size_t g = 0; g < groups; g++, a += 4, w += 64) {
        vi column[HALVES_MAX];
#pragma clang loop unroll(full)
        for (int h = 0; h < halves; h++)
            column[h] =
                _mm256_load_si256((const void *)(w + (size_t)(h / 2) * stride + h % 2 * 32));
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vi x = four(a + (size_t)r * p->lda);
#pragma clang loop unroll(full)
            for (int h = 0; h < halves; h++) sum[r][h] = VNNI_ADD(sum[r][h], column[h], x);
        }
    }
#pragma clang loop unroll(full)
    for (int h = 0; h < halves; h++) {
        const qc8w_panel *panel = (const void *)(first + (size_t)(h / 2) * stride);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
            finish(
                p, i + (size_t)r, j + (size_t)h * LANES, panel->scale + h % 2 * LANES, sum[r][h]
            );
    }
}

/* All columns of `rows` rows, `panels` panels at a time and then one by one. */
VNNI_FN void strip(const layer *p, size_t i, int rows, int panels) {
    size_t j = 0;
    for (; j + (size_t)(panels - 1) * TANDEMK_PANEL < p->n; j += (size_t)panels * TANDEMK_PANEL)
        tile(p, i, j, rows, 2 * panels);
    for (; j < p->n; j += TANDEMK_PANEL) tile(p, i, j, rows, 2);
}

VNNI_FN void product(const layer *p, size_t m) {
    size_t i = 0;
    for (; i + 6 <= m; i += 6) strip(p, i, 6, 1);
    if (m - i >= 3) {
        strip(p, i, 3, 1);
        i += 3;
    }
    if (m - i >= 2) {
        strip(p, i, 2, 2);
        i += 2;
    }
    if (m - i) strip(p, i, 1, 4);
}
