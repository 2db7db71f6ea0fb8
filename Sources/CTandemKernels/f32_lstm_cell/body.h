/* One position of an LSTM. Include a vocabulary and define KERNEL first. */
#include "../lanes/lstm.h"

tandemk_f32_lstm_cell_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t n, const float *x, size_t ldx, const float *products, size_t ldp, float *c,
    float *h
) {
    for (size_t i = 0; i < m; i++, x += ldx, products += ldp, c += n, h += n)
        lstm_row((cell_gates){.products = products, .x = x}, n, c, h);
}
