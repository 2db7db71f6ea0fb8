/* Steps of the products on 512 bits: what a panel's sums of a row start from, and how they become
 * floats. */
#pragma once

#include "../lanes/avx512.h"
#include "results.h"

#define PANELS_MAX 4
#define VNNI_FN static inline __attribute__((always_inline)) TANDEMK_TARGET_AVX512VNNI

VNNI_FN int32_t four(const int8_t *p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
}

VNNI_FN const qc8w_panel *panel_at(const layer *p, size_t j) {
    return (const void *)(p->packed + j / TANDEMK_PANEL * qc8w_panel_bytes(p->k));
}

/* A zero's products with a panel's weights. */
VNNI_FN __m512i zeros_of(int32_t zero, const qc8w_panel *panel) {
    return _mm512_mullo_epi32(_mm512_set1_epi32(zero), _mm512_load_si512(panel->sum));
}

/* What the sums of a row start from, given its zero's products. */
VNNI_FN __m512i start(tandemk_qd8_row row, __m512i zeros) {
    return _mm512_sub_epi32(_mm512_set1_epi32(qd8_start(row, 0)), zeros);
}

/* What a tile's end needs of a panel, read once for all rows: stores of results may change any
 * float, as far as the compiler knows. */
typedef struct ends {
    vf scale, bias;
    size_t columns;
} ends;

VNNI_FN ends ends_of(const layer *p, size_t j) {
    const size_t columns = p->n - j < LANES ? p->n - j : LANES;
    vf bias = p->bias ? v_load_part(p->bias + j, columns) : v_set(0);
    return (ends){v_load(panel_at(p, j)->scale), bias, columns};
}

/* sum -> results, for one row and one panel; `scale` is both of theirs, `bytes`, constant, whether
 * results are bytes. */
VNNI_FN void finish(
    const layer *p, size_t i, size_t j, ends panel, vf scale, vi sum, bool bytes
) {
    store_results(p, i, j, panel.columns, v_fma(v_from_int(sum), scale, panel.bias), bytes);
}

/* The same to bytes, for two rows and two whole panels. Narrowing cuts off what lies below the
 * grid: behind a rectifier all that is negative, unless the grid goes below 0. */
VNNI_FN void finish_four(
    const layer *p, size_t i, size_t j, const ends panel[2], const vf scale[2][PANELS_MAX],
    const vi sum[2][PANELS_MAX]
) {
    const tandemk_qs8_rows *to = &p->to.bytes;
    const bool needs_relu = p->activation == TANDEMK_ACTIVATION_RELU && to->zero > -128;
    int8_t *q = to->q + i * to->ldq + j;
    vi steps[2][2];
#pragma clang loop unroll(full)
    for (int r = 0; r < 2; r++) {
#pragma clang loop unroll(full)
        for (int c = 0; c < 2; c++) {
            vf y = v_fma(v_from_int(sum[r][c]), scale[r][c], panel[c].bias);
            if (needs_relu) y = v_max(v_set(0), y);
            steps[r][c] = v_round(v_min(v_set(0x1p15f), v_mul(y, v_set(p->to.inverse))));
        }
    }
    vi both = b_narrow(
        steps[0][0], steps[0][1], steps[1][0], steps[1][1], i_set((uint32_t)to->zero));
    _mm256_storeu_si256((void *)q, _mm512_castsi512_si256(both));
    _mm256_storeu_si256((void *)(q + to->ldq), _mm512_extracti64x4_epi64(both, 1));
}
