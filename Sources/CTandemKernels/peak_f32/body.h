/* Multiply-adds in registers. Include a vocabulary and define KERNEL first.
 * Twelve independent sums: more than latency times pipes of any core we know, and with the two
 * factors still within sixteen registers. */

#define SUMS 12

tandemk_peak_f32_fn KERNEL;
LANES_KERNEL size_t KERNEL(size_t rounds, float *ret_sink) {
    vf sum[SUMS], x = v_set(*ret_sink), y = v_set(*ret_sink);
    for (int i = 0; i < SUMS; i++) sum[i] = v_set(0);
    for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; i++) sum[i] = v_fma(x, y, sum[i]);
    }
    for (int i = 1; i < SUMS; i++) sum[0] = v_add(sum[0], sum[i]);
    v_store_part(ret_sink, 1, sum[0]);
    return 2 * SUMS * LANES * rounds;
}
