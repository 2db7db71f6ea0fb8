/* One product at a time. */
#include "../register.h"

#define SUMS 4

tandemk_peak_int8_fn tandemk_peak_int8_u1__scalar;
size_t tandemk_peak_int8_u1__scalar(size_t rounds, int32_t *ret_sink) {
    uint32_t sum[SUMS] = {0};
    int32_t x = (int8_t)*ret_sink;
    for (size_t round = 0; round < rounds; round++) {
        for (int i = 0; i < SUMS; i++) {
            __asm__ volatile("" : "+r"(x)); /* Looks new, so that its product is not kept. */
            sum[i] += (uint32_t)(x * x);
        }
    }
    *ret_sink = (int32_t)(sum[0] + sum[1] + sum[2] + sum[3]);
    return 2 * SUMS * rounds;
}
