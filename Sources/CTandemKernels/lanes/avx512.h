/* Sixteen lanes: lanes/vocabulary.h on AVX-512 (F, BW, DQ, VL). Masked loads and stores touch only
 * the lanes they name. */
#pragma once

#include <immintrin.h>

#include "../register.h"

#pragma STDC FP_CONTRACT OFF

#define LANES 16
#define LANES_KERNEL TANDEMK_TARGET_AVX512
#define LANES_FN static inline __attribute__((always_inline)) LANES_KERNEL

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

/* The first n of sixteen lanes; all for n >= 16. */
LANES_FN __mmask16 first_lanes(size_t n) { return (__mmask16)(n < 16 ? (1u << n) - 1 : 0xffff); }

LANES_FN vf v_set(float x) { return _mm512_set1_ps(x); }
LANES_FN vf v_load(const float *p) { return _mm512_loadu_ps(p); }
LANES_FN void v_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
LANES_FN vf v_load_part(const float *p, size_t n) {
    return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
LANES_FN void v_store_part(float *p, size_t n, vf x) {
    _mm512_mask_storeu_ps(p, first_lanes(n), x);
}
LANES_FN vf v_keep(vf x, size_t n, float other) {
    return _mm512_mask_blend_ps(first_lanes(n), _mm512_set1_ps(other), x);
}

LANES_FN vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
LANES_FN vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
LANES_FN vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
LANES_FN vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
LANES_FN vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
LANES_FN vf v_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
LANES_FN vf v_sqrt(vf x) { return _mm512_sqrt_ps(x); }
LANES_FN vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }
LANES_FN vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
LANES_FN vm v_less(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
LANES_FN vm v_is_nan(vf x) { return _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q); }
LANES_FN vf v_select(vm m, vf yes, vf no) { return _mm512_mask_blend_ps(m, no, yes); }

LANES_FN vi v_bits(vf x) { return _mm512_castps_si512(x); }
LANES_FN vf v_from_bits(vi b) { return _mm512_castsi512_ps(b); }
LANES_FN vi i_set(uint32_t x) { return _mm512_set1_epi32((int32_t)x); }
LANES_FN vi i_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
LANES_FN vi i_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
LANES_FN vi i_and(vi a, vi b) { return _mm512_and_si512(a, b); }
LANES_FN vi i_xor(vi a, vi b) { return _mm512_xor_si512(a, b); }
LANES_FN vi i_shift_left(vi a, int by) { return _mm512_slli_epi32(a, (unsigned)by); }
LANES_FN vi i_shift_right(vi a, int by) { return _mm512_srai_epi32(a, (unsigned)by); }
LANES_FN vf v_lookup(const float table[16], vi i) {
    return _mm512_permutexvar_ps(i, _mm512_loadu_ps(table));
}
LANES_FN vf v_from_int(vi a) { return _mm512_cvtepi32_ps(a); }
LANES_FN vi v_round(vf x) { return _mm512_cvtps_epi32(x); }
LANES_FN int32_t i_total(vi a) { return _mm512_reduce_add_epi32(a); }
LANES_FN bool m_any(vm m) { return m != 0; }
LANES_FN float v_largest(vf x) { return _mm512_reduce_max_ps(x); }
LANES_FN float v_folded_sum(vf x) {
    __m256 y = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 z = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
    z = _mm_add_ps(z, _mm_movehl_ps(z, z));
    return _mm_cvtss_f32(_mm_add_ss(z, _mm_movehdup_ps(z)));
}

LANES_FN vf v_load_i8(const int8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p)));
}
LANES_FN vf v_load_i8_part(const int8_t *p, size_t n) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first_lanes(n), p)));
}

/* The packs work within 128 bits, so that four bytes of a, b, c, d follow one another there. */
LANES_FN vi b_narrow(vi a, vi b, vi c, vi d, vi z) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    vi both = _mm512_packs_epi32(z, z);
    vi first = _mm512_adds_epi16(_mm512_packs_epi32(a, b), both);
    vi second = _mm512_adds_epi16(_mm512_packs_epi32(c, d), both);
    return _mm512_permutexvar_epi32(order, _mm512_packs_epi16(first, second));
}
LANES_FN __mmask64 first_bytes(size_t n) { return n < 64 ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0); }
LANES_FN vi b_keep(vi x, size_t n) { return _mm512_maskz_mov_epi8(first_bytes(n), x); }
/* As sums of bytes + 128 in every second lane, from which the 8 * 128 are taken again. */
LANES_FN vi b_sums(vi x) {
    vi sums = _mm512_sad_epu8(_mm512_xor_si512(x, _mm512_set1_epi8(-128)), _mm512_setzero_si512());
    return _mm512_sub_epi32(sums, _mm512_set1_epi64(8 * 128));
}
LANES_FN vi b_load(const int8_t *p) { return _mm512_loadu_si512(p); }
LANES_FN void b_store(int8_t *p, vi x) { _mm512_storeu_si512(p, x); }
LANES_FN void b_store_part(int8_t *p, size_t n, vi x) {
    _mm512_mask_storeu_epi8(p, first_bytes(n), x);
}
LANES_FN void b_store_lanes(int8_t *p, size_t n, vi x) {
    if (n == LANES) _mm_storeu_si128((void *)p, _mm512_cvtsepi32_epi8(x));
    else _mm512_mask_cvtsepi32_storeu_epi8(p, first_lanes(n), x);
}
