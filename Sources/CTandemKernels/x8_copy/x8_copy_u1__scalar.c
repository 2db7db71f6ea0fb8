/* One kernel is enough: memcpy chooses its own instruction set. */
#include <string.h>

#include "../register.h"

tandemk_x8_copy_fn tandemk_x8_copy_u1__scalar;
void tandemk_x8_copy_u1__scalar(
    size_t m, size_t bytes, const void *x, size_t x_stride, void *y, size_t y_stride
) {
    if (x_stride == bytes && y_stride == bytes) { /* No gaps: one long row. */
        bytes *= m;
        m = 1;
    }
    for (size_t i = 0; i < m; i++)
        memcpy((char *)y + i * y_stride, (const char *)x + i * x_stride, bytes);
}
