/* usmmla: 32 products and 32 additions an instruction. */
#if defined(__aarch64__)
#include "../lanes/neon.h"

#define SUMS 16

tandemk_peak_int8_fn tandemk_peak_int8_u32__i8mm;
TANDEMK_TARGET_I8MM size_t tandemk_peak_int8_u32__i8mm(size_t rounds, int32_t *ret_sink) {
    vi sum[SUMS];
    int8x16_t x = vreinterpretq_s8_s32(i_set((uint32_t)*ret_sink));
    for (int i = 0; i < SUMS; i++) sum[i] = i_set(0);
    for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; i++)
            sum[i] = vusmmlaq_s32(sum[i], vreinterpretq_u8_s8(x), x);
    }
    for (int i = 1; i < SUMS; i++) sum[0] = i_add(sum[0], sum[i]);
    *ret_sink = i_total(sum[0]);
    return 2 * 32 * SUMS * rounds;
}
#endif
