/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "x8_copy.inc"
#undef TANDEMK_KERNEL

static const tandemk_x8_copy_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "x8_copy.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(x8_copy)

void tandemk_x8_copy(
    size_t m, size_t bytes, const void *x, size_t x_stride, void *y, size_t y_stride
) {
    assert(m <= 1 || y_stride >= bytes);
    run(m, bytes, x, x_stride, y, y_stride);
}
