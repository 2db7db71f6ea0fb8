/* One position of a GRU. Include a vocabulary and define KERNEL first. */
#include "../lanes/gru.h"

tandemk_f32_gru_cell_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t n, const float *x, size_t ldx, const float *products, size_t ldp, float *h
) {
    for (size_t i = 0; i < m; i++, x += ldx, products += ldp, h += n)
        gru_row((cell_gates){.products = products, .x = x}, n, h);
}
