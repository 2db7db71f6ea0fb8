/* vpdpbusd in its VEX encoding: 32 products and 32 additions an instruction. */
#if defined(__x86_64__)
#include "../lanes/avx2.h"

#define SUMS 12

tandemk_peak_int8_fn tandemk_peak_int8_u32__avxvnni;
TANDEMK_TARGET_AVXVNNI size_t
tandemk_peak_int8_u32__avxvnni(size_t rounds, int32_t *ret_sink) {
    vi sum[SUMS], x = i_set((uint32_t)*ret_sink), y = x;
    for (int i = 0; i < SUMS; i++) sum[i] = i_set(0);
    for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; i++) sum[i] = _mm256_dpbusd_avx_epi32(sum[i], x, y);
    }
    for (int i = 1; i < SUMS; i++) sum[0] = i_add(sum[0], sum[i]);
    *ret_sink = i_total(sum[0]);
    return 2 * 32 * SUMS * rounds;
}
#endif
