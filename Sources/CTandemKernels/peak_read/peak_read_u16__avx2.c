/* Eight 32-byte loads at a time. */
#if defined(__x86_64__)
#include "../lanes/avx2.h"

tandemk_peak_read_fn tandemk_peak_read_u16__avx2;
LANES_KERNEL uint64_t tandemk_peak_read_u16__avx2(const void *base, size_t bytes) {
    const char *p = base;
    vi some[8] = {0};
    for (size_t at = 0; at < bytes; at += 256)
        for (int i = 0; i < 8; i++)
            some[i] = _mm256_or_si256(some[i], _mm256_load_si256((const void *)(p + at + 32 * i)));
    for (int i = 1; i < 8; i++) some[0] = _mm256_or_si256(some[0], some[i]);
    uint64_t words[4];
    _mm256_storeu_si256((void *)words, some[0]);
    return words[0] | words[1] | words[2] | words[3];
}
#endif
