/* One lane: the vocabulary of lanes/vocabulary.h in plain C. Here every step is visible; the
 * vectors do the same on more lanes. fmaf is the processor's instruction where libm finds one, and
 * exact in software where not: slow, but the same bits. */
#pragma once

#include "../register.h"

#pragma STDC FP_CONTRACT OFF

#define LANES 1
#define LANES_FN static inline __attribute__((always_inline))
#define LANES_KERNEL

typedef float vf;
typedef uint32_t vi;
typedef bool vm;

LANES_FN vf v_set(float x) { return x; }
LANES_FN vf v_load(const float *p) { return *p; }
LANES_FN void v_store(float *p, vf x) { *p = x; }
LANES_FN vf v_load_part(const float *p, size_t n) { return n ? *p : 0; }
LANES_FN void v_store_part(float *p, size_t n, vf x) {
    if (n) *p = x;
}
LANES_FN vf v_keep(vf x, size_t n, float other) { return n ? x : other; }

LANES_FN vf v_add(vf a, vf b) { return a + b; }
LANES_FN vf v_sub(vf a, vf b) { return a - b; }
LANES_FN vf v_mul(vf a, vf b) { return a * b; }
LANES_FN vf v_div(vf a, vf b) { return a / b; }
LANES_FN vf v_fma(vf a, vf b, vf c) { return __builtin_fmaf(a, b, c); }
LANES_FN vf v_fnma(vf a, vf b, vf c) { return __builtin_fmaf(-a, b, c); }
LANES_FN vf v_sqrt(vf x) { return __builtin_sqrtf(x); }
LANES_FN vf v_min(vf a, vf b) { return a < b ? a : b; }
LANES_FN vf v_max(vf a, vf b) { return a > b ? a : b; }
LANES_FN vm v_less(vf a, vf b) { return a < b; }
LANES_FN vm v_is_nan(vf x) { return x != x; }
LANES_FN vf v_select(vm m, vf yes, vf no) { return m ? yes : no; }

LANES_FN vi v_bits(vf x) {
    vi b;
    __builtin_memcpy(&b, &x, sizeof b);
    return b;
}
LANES_FN vf v_from_bits(vi b) {
    vf x;
    __builtin_memcpy(&x, &b, sizeof x);
    return x;
}
LANES_FN vi i_set(uint32_t x) { return x; }
LANES_FN vi i_add(vi a, vi b) { return a + b; }
LANES_FN vi i_sub(vi a, vi b) { return a - b; }
LANES_FN vi i_and(vi a, vi b) { return a & b; }
LANES_FN vi i_xor(vi a, vi b) { return a ^ b; }
LANES_FN vi i_shift_left(vi a, int by) { return a << by; }
LANES_FN vi i_shift_right(vi a, int by) { return (uint32_t)((int32_t)a >> by); }
LANES_FN vf v_lookup(const float table[16], vi i) { return table[i & 15]; }
LANES_FN vf v_from_int(vi a) { return (float)(int32_t)a; }
/* To nearest even, for |x| < 2^22: adding 1.5 * 2^23 leaves no bits for a fraction. */
LANES_FN vi v_round(vf x) {
    float low = x > -0x1p22f ? x : -0x1p22f; /* Of a NaN too. */
    return (vi)(int32_t)((low + 12582912.0f) - 12582912.0f);
}
LANES_FN int32_t i_total(vi a) { return (int32_t)a; }
LANES_FN bool m_any(vm m) { return m; }
LANES_FN float v_largest(vf x) { return x; }
LANES_FN float v_folded_sum(vf x) { return x; }

LANES_FN vf v_load_i8(const int8_t *p) { return *p; }
LANES_FN vf v_load_i8_part(const int8_t *p, size_t n) { return n ? *p : 0; }

/* A byte, in the place of the `at`th of four. */
LANES_FN vi b_place(vi x, vi z, int at) {
    int32_t sum = (int32_t)x + (int32_t)z;
    int32_t nearest = sum < -128 ? -128 : sum > 127 ? 127 : sum;
    return (uint32_t)(uint8_t)nearest << 8 * at;
}
LANES_FN vi b_narrow(vi a, vi b, vi c, vi d, vi z) {
    return b_place(a, z, 0) | b_place(b, z, 1) | b_place(c, z, 2) | b_place(d, z, 3);
}
LANES_FN vi b_keep(vi x, size_t n) { return n < 4 ? x & ((1u << 8 * n) - 1) : x; }
LANES_FN vi b_sums(vi x) {
    int8_t b[4];
    __builtin_memcpy(b, &x, sizeof b);
    return (uint32_t)(b[0] + b[1] + b[2] + b[3]);
}
LANES_FN vi b_load(const int8_t *p) {
    vi x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
}
LANES_FN void b_store(int8_t *p, vi x) { __builtin_memcpy(p, &x, sizeof x); }
LANES_FN void b_store_part(int8_t *p, size_t n, vi x) { __builtin_memcpy(p, &x, n); }
LANES_FN void b_store_lanes(int8_t *p, size_t n, vi x) {
    if (n) *p = (int8_t)b_place(x, 0, 0);
}
