/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY peak_read
#define REGISTER "peak_read/peak_read.inc"
#include "../table.h"

uint64_t tandemk_peak_read(const void *base, size_t bytes) {
    assert((uintptr_t)base % 64 == 0 && bytes % 256 == 0);
    return run(base, bytes);
}
