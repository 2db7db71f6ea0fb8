/* Four words at a time. */
#include "../register.h"

tandemk_peak_read_fn tandemk_peak_read_u4__scalar;
uint64_t tandemk_peak_read_u4__scalar(const void *base, size_t bytes) {
    const uint64_t *p = base;
    uint64_t some[4] = {0};
    for (size_t at = 0; at < bytes / 8; at += 4)
        for (int i = 0; i < 4; i++) some[i] |= p[at + (size_t)i];
    return some[0] | some[1] | some[2] | some[3];
}
