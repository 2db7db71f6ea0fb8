/* Steps of the products on 512 bits: what a panel's sums of a row start from, and how they become
 * floats. */
#pragma once

#include <immintrin.h>

#include "panel.h"

#pragma STDC FP_CONTRACT OFF

#define VNNI_FN static inline __attribute__((always_inline)) TANDEMK_TARGET_AVX512VNNI

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

/* A zero's products with a panel's weights. */
VNNI_FN __m512i zeros_of(int32_t zero, const qc8w_panel *panel) {
    return _mm512_mullo_epi32(_mm512_set1_epi32(zero), _mm512_load_si512(panel->sum));
}

/* What the sums of a row start from, given its zero's products. */
VNNI_FN __m512i start(tandemk_qd8_row row, __m512i zeros) {
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
