/* Four lanes: lanes/vocabulary.h on NEON, which every 64-bit ARM processor has, fused multiply-add
 * included. */
#pragma once

#include <arm_neon.h>

#include "../register.h"

#pragma STDC FP_CONTRACT OFF

#define LANES 4
#define LANES_KERNEL
#define LANES_FN static inline __attribute__((always_inline))

typedef float32x4_t vf;
typedef int32x4_t vi;
typedef uint32x4_t vm;

/* Ones in the first n of four lanes, n <= 4: a window on four ones and four zeros. */
LANES_FN vm first_lanes(size_t n) {
    static const uint32_t ones_then_zeros[8] = {~0u, ~0u, ~0u, ~0u};
    return vld1q_u32(ones_then_zeros + 4 - n);
}

LANES_FN vf v_set(float x) { return vdupq_n_f32(x); }
LANES_FN vf v_load(const float *p) { return vld1q_f32(p); }
LANES_FN void v_store(float *p, vf x) { vst1q_f32(p, x); }
/* NEON has no masked loads and stores. */
LANES_FN vf v_load_part(const float *p, size_t n) {
    float whole[4] = {0};
    for (size_t i = 0; i < n; i++) whole[i] = p[i];
    return vld1q_f32(whole);
}
LANES_FN void v_store_part(float *p, size_t n, vf x) {
    float whole[4];
    vst1q_f32(whole, x);
    for (size_t i = 0; i < n; i++) p[i] = whole[i];
}
LANES_FN vf v_keep(vf x, size_t n, float other) {
    return n >= LANES ? x : vbslq_f32(first_lanes(n), x, vdupq_n_f32(other));
}

LANES_FN vf v_add(vf a, vf b) { return vaddq_f32(a, b); }
LANES_FN vf v_sub(vf a, vf b) { return vsubq_f32(a, b); }
LANES_FN vf v_mul(vf a, vf b) { return vmulq_f32(a, b); }
LANES_FN vf v_div(vf a, vf b) { return vdivq_f32(a, b); }
LANES_FN vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
LANES_FN vf v_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
LANES_FN vf v_sqrt(vf x) { return vsqrtq_f32(x); }
/* Not FMIN and FMAX, which give NaN where either is. */
LANES_FN vf v_min(vf a, vf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
LANES_FN vf v_max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
LANES_FN vm v_less(vf a, vf b) { return vcltq_f32(a, b); }
LANES_FN vm v_is_nan(vf x) { return vmvnq_u32(vceqq_f32(x, x)); }
LANES_FN vf v_select(vm m, vf yes, vf no) { return vbslq_f32(m, yes, no); }

LANES_FN vi v_bits(vf x) { return vreinterpretq_s32_f32(x); }
LANES_FN vf v_from_bits(vi b) { return vreinterpretq_f32_s32(b); }
LANES_FN vi i_set(uint32_t x) { return vdupq_n_s32((int32_t)x); }
LANES_FN vi i_add(vi a, vi b) { return vaddq_s32(a, b); }
LANES_FN vi i_sub(vi a, vi b) { return vsubq_s32(a, b); }
LANES_FN vi i_and(vi a, vi b) { return vandq_s32(a, b); }
LANES_FN vi i_xor(vi a, vi b) { return veorq_s32(a, b); }
LANES_FN vi i_shift_left(vi a, int by) { return vshlq_s32(a, vdupq_n_s32(by)); }
LANES_FN vi i_shift_right(vi a, int by) { return vshlq_s32(a, vdupq_n_s32(-by)); }
/* Bytes 4 * i ... 4 * i + 3 of the table's 64. */
LANES_FN vf v_lookup(const float table[16], vi i) {
    const uint8x16x4_t bytes = vld1q_u8_x4((const uint8_t *)table);
    int32x4_t first = vmulq_s32(vandq_s32(i, vdupq_n_s32(15)), vdupq_n_s32(0x04040404));
    uint8x16_t at = vreinterpretq_u8_s32(vaddq_s32(first, vdupq_n_s32(0x03020100)));
    return vreinterpretq_f32_u8(vqtbl4q_u8(bytes, at));
}
LANES_FN vf v_from_int(vi a) { return vcvtq_f32_s32(a); }
LANES_FN vi v_round(vf x) { return vcvtnq_s32_f32(vmaxnmq_f32(x, vdupq_n_f32(-0x1p22f))); }
LANES_FN int32_t i_total(vi a) { return vaddvq_s32(a); }
LANES_FN bool m_any(vm m) { return vmaxvq_u32(m) != 0; }
LANES_FN float v_folded_sum(vf x) {
    float32x2_t half = vadd_f32(vget_low_f32(x), vget_high_f32(x));
    return vget_lane_f32(half, 0) + vget_lane_f32(half, 1);
}
LANES_FN float v_largest(vf x) { return vmaxvq_f32(x); }
LANES_FN vf v_load_i8(const int8_t *p) {
    uint32_t four;
    __builtin_memcpy(&four, p, sizeof four);
    int16x8_t words = vmovl_s8(vcreate_s8(four));
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(words)));
}
LANES_FN vf v_load_i8_part(const int8_t *p, size_t n) {
    int8_t whole[4] = {0};
    for (size_t i = 0; i < n; i++) whole[i] = p[i];
    return v_load_i8(whole);
}

LANES_FN vi b_narrow(vi a, vi b, vi c, vi d, vi z) {
    int16x8_t both = vcombine_s16(vmovn_s32(z), vmovn_s32(z));
    int16x8_t first = vqaddq_s16(vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)), both);
    int16x8_t second = vqaddq_s16(vcombine_s16(vqmovn_s32(c), vqmovn_s32(d)), both);
    return vreinterpretq_s32_s8(vcombine_s8(vqmovn_s16(first), vqmovn_s16(second)));
}
LANES_FN vi b_load(const int8_t *p) { return vreinterpretq_s32_s8(vld1q_s8(p)); }
LANES_FN void b_store(int8_t *p, vi x) { vst1q_s8(p, vreinterpretq_s8_s32(x)); }
LANES_FN void b_store_part(int8_t *p, size_t n, vi x) {
    int8_t whole[16];
    b_store(whole, x);
    __builtin_memcpy(p, whole, n);
}
LANES_FN vi b_keep(vi x, size_t n) {
    int8_t whole[16] = {0};
    b_store_part(whole, n, x);
    return vreinterpretq_s32_s8(vld1q_s8(whole));
}
LANES_FN vi b_sums(vi x) { return vpaddlq_s16(vpaddlq_s8(vreinterpretq_s8_s32(x))); }
LANES_FN void b_store_lanes(int8_t *p, size_t n, vi x) {
    int16x4_t words = vqmovn_s32(x);
    int32x2_t whole = vreinterpret_s32_s8(vqmovn_s16(vcombine_s16(words, words)));
    int32_t bytes = vget_lane_s32(whole, 0);
    if (n == LANES) __builtin_memcpy(p, &bytes, sizeof bytes);
    else __builtin_memcpy(p, &bytes, n);
}
