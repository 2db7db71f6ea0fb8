/* Four 64-byte loads at a time. */
#if defined(__x86_64__)
#include "../lanes/avx512.h"

tandemk_peak_read_fn tandemk_peak_read_u32__avx512;
LANES_KERNEL uint64_t tandemk_peak_read_u32__avx512(const void *base, size_t bytes) {
    const char *p = base;
    vi some[4] = {i_set(0), i_set(0), i_set(0), i_set(0)};
    for (size_t at = 0; at < bytes; at += 256)
        for (int i = 0; i < 4; i++)
            some[i] = _mm512_or_si512(some[i], _mm512_load_si512(p + at + 64 * i));
    vi all = _mm512_or_si512(_mm512_or_si512(some[0], some[1]), _mm512_or_si512(some[2], some[3]));
    return (uint64_t)_mm512_reduce_or_epi64(all);
}
#endif
