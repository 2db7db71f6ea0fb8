/* vpmaddwd and vpaddd on operands that were widened before: 16 products a pair of instructions. */
#if defined(__x86_64__)
#include "../lanes/avx2.h"

#define SUMS 12

tandemk_peak_int8_fn tandemk_peak_int8_u16__avx2;
LANES_KERNEL size_t tandemk_peak_int8_u16__avx2(size_t rounds, int32_t *ret_sink) {
    vi sum[SUMS], x = _mm256_set1_epi16((int16_t)(int8_t)*ret_sink);
    for (int i = 0; i < SUMS; i++) sum[i] = i_set(0);
    for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; i++) {
            /* The factor must look new each time, or its one product is kept. */
            __asm__ volatile("" : "+x"(x));
            sum[i] = i_add(sum[i], _mm256_madd_epi16(x, x));
        }
    }
    for (int i = 1; i < SUMS; i++) sum[0] = i_add(sum[0], sum[i]);
    *ret_sink = i_total(sum[0]);
    return 2 * 16 * SUMS * rounds;
}
#endif
