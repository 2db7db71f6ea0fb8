/* vpdpbusd: 64 products and 64 additions an instruction. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../register.h"

#define SUMS 12

tandemk_peak_int8_fn tandemk_peak_int8_u64__avx512vnni;
TANDEMK_TARGET_AVX512VNNI size_t
tandemk_peak_int8_u64__avx512vnni(size_t rounds, int32_t *ret_sink) {
    __m512i sum[SUMS], x = _mm512_set1_epi32(*ret_sink), y = x;
    for (int i = 0; i < SUMS; i++) sum[i] = _mm512_setzero_si512();
    for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; i++) sum[i] = _mm512_dpbusd_epi32(sum[i], x, y);
    }
    for (int i = 1; i < SUMS; i++) sum[0] = _mm512_add_epi32(sum[0], sum[i]);
    *ret_sink = _mm512_reduce_add_epi32(sum[0]);
    return 2 * 64 * SUMS * rounds;
}
#endif
