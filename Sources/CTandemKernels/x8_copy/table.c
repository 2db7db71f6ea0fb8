/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY x8_copy
#define REGISTER "x8_copy/x8_copy.inc"
#include "../table.h"

void tandemk_x8_copy(
    size_t m, size_t bytes, const void *x, size_t x_stride, void *y, size_t y_stride
) {
    assert(m <= 1 || y_stride >= bytes);
    run(m, bytes, x, x_stride, y, y_stride);
}
