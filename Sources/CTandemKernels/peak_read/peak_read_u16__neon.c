/* Eight 16-byte loads at a time. */
#if defined(__aarch64__)
#include "../lanes/neon.h"

tandemk_peak_read_fn tandemk_peak_read_u16__neon;
LANES_KERNEL uint64_t tandemk_peak_read_u16__neon(const void *base, size_t bytes) {
    const uint64_t *p = base;
    uint64x2_t some[8];
    for (int i = 0; i < 8; i++) some[i] = vdupq_n_u64(0);
    for (size_t at = 0; at < bytes / 8; at += 16)
        for (int i = 0; i < 8; i++)
            some[i] = vorrq_u64(some[i], vld1q_u64(p + at + 2 * (size_t)i));
    for (int i = 1; i < 8; i++) some[0] = vorrq_u64(some[0], some[i]);
    return vgetq_lane_u64(some[0], 0) | vgetq_lane_u64(some[0], 1);
}
#endif
