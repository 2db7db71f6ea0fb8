/* Eight lanes: lanes/vocabulary.h on AVX2 with FMA. */
#pragma once

#include <immintrin.h>

#include "../register.h"

#pragma STDC FP_CONTRACT OFF

#define LANES 8
#define LANES_KERNEL TANDEMK_TARGET_AVX2
#define LANES_FN static inline __attribute__((always_inline)) LANES_KERNEL

typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm;

/* Ones in the first n of eight lanes, n <= 8: a window on eight ones and eight zeros. */
LANES_FN vi first_lanes(size_t n) {
    static const int32_t ones_then_zeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const void *)(ones_then_zeros + 8 - n));
}

LANES_FN vf v_set(float x) { return _mm256_set1_ps(x); }
LANES_FN vf v_load(const float *p) { return _mm256_loadu_ps(p); }
LANES_FN void v_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
LANES_FN vf v_load_part(const float *p, size_t n) { return _mm256_maskload_ps(p, first_lanes(n)); }
LANES_FN void v_store_part(float *p, size_t n, vf x) { _mm256_maskstore_ps(p, first_lanes(n), x); }
LANES_FN vf v_keep(vf x, size_t n, float other) {
    if (n >= LANES) return x;
    return _mm256_blendv_ps(_mm256_set1_ps(other), x, _mm256_castsi256_ps(first_lanes(n)));
}

LANES_FN vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
LANES_FN vf v_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
LANES_FN vf v_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
LANES_FN vf v_div(vf a, vf b) { return _mm256_div_ps(a, b); }
LANES_FN vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
LANES_FN vf v_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
LANES_FN vf v_sqrt(vf x) { return _mm256_sqrt_ps(x); }
LANES_FN vf v_min(vf a, vf b) { return _mm256_min_ps(a, b); }
LANES_FN vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }
LANES_FN vm v_less(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
LANES_FN vm v_is_nan(vf x) { return _mm256_cmp_ps(x, x, _CMP_UNORD_Q); }
LANES_FN vf v_select(vm m, vf yes, vf no) { return _mm256_blendv_ps(no, yes, m); }

LANES_FN vi v_bits(vf x) { return _mm256_castps_si256(x); }
LANES_FN vf v_from_bits(vi b) { return _mm256_castsi256_ps(b); }
LANES_FN vi i_set(uint32_t x) { return _mm256_set1_epi32((int32_t)x); }
LANES_FN vi i_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
LANES_FN vi i_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }
LANES_FN vi i_and(vi a, vi b) { return _mm256_and_si256(a, b); }
LANES_FN vi i_xor(vi a, vi b) { return _mm256_xor_si256(a, b); }
LANES_FN vi i_shift_left(vi a, int by) { return _mm256_slli_epi32(a, by); }
LANES_FN vi i_shift_right(vi a, int by) { return _mm256_srai_epi32(a, by); }
/* A permutation heeds three bits; the fourth, moved into the sign, chooses between two. */
LANES_FN vf v_lookup(const float table[16], vi i) {
    __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), i);
    __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), i);
    return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(i, 28)));
}
LANES_FN vf v_from_int(vi a) { return _mm256_cvtepi32_ps(a); }
LANES_FN vi v_round(vf x) { return _mm256_cvtps_epi32(x); }
LANES_FN int32_t i_total(vi a) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}
LANES_FN bool m_any(vm m) { return _mm256_movemask_ps(m) != 0; }
LANES_FN float v_folded_sum(vf x) {
    __m128 z = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    z = _mm_add_ps(z, _mm_movehl_ps(z, z));
    return _mm_cvtss_f32(_mm_add_ss(z, _mm_movehdup_ps(z)));
}
LANES_FN float v_largest(vf x) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}
LANES_FN vf v_load_i8(const int8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p)));
}
LANES_FN vf v_load_i8_part(const int8_t *p, size_t n) {
    int8_t whole[8] = {0};
    for (size_t i = 0; i < n; i++) whole[i] = p[i];
    return v_load_i8(whole);
}

/* The packs work within 128 bits, so that four bytes of a, b, c, d follow one another there. */
LANES_FN vi b_narrow(vi a, vi b, vi c, vi d, vi z) {
    const vi order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    vi both = _mm256_packs_epi32(z, z);
    vi first = _mm256_adds_epi16(_mm256_packs_epi32(a, b), both);
    vi second = _mm256_adds_epi16(_mm256_packs_epi32(c, d), both);
    return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(first, second), order);
}
LANES_FN vi b_load(const int8_t *p) { return _mm256_loadu_si256((const void *)p); }
LANES_FN void b_store(int8_t *p, vi x) { _mm256_storeu_si256((void *)p, x); }
LANES_FN void b_store_part(int8_t *p, size_t n, vi x) {
    int8_t whole[32];
    b_store(whole, x);
    __builtin_memcpy(p, whole, n);
}
LANES_FN vi b_keep(vi x, size_t n) {
    const vi places = _mm256_setr_epi8(
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29, 30, 31
    );
    return _mm256_and_si256(x, _mm256_cmpgt_epi8(_mm256_set1_epi8((char)n), places));
}
/* As sums of bytes + 128 in every second lane, from which the 8 * 128 are taken again. */
LANES_FN vi b_sums(vi x) {
    vi sums = _mm256_sad_epu8(_mm256_xor_si256(x, _mm256_set1_epi8(-128)), _mm256_setzero_si256());
    return _mm256_sub_epi32(sums, _mm256_set1_epi64x(8 * 128));
}
LANES_FN void b_store_lanes(int8_t *p, size_t n, vi x) {
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    int64_t whole = _mm_cvtsi128_si64(_mm_packs_epi16(words, words));
    if (n == LANES) __builtin_memcpy(p, &whole, sizeof whole);
    else __builtin_memcpy(p, &whole, n);
}
