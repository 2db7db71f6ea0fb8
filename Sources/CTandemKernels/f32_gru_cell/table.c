/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_gru_cell
#define REGISTER "f32_gru_cell/f32_gru_cell.inc"
#include "../table.h"

void tandemk_f32_gru_cell(
    size_t m, size_t n, const float *x, size_t ldx, const float *products, size_t ldp, float *h
) {
    assert(m <= 1 || ((ldx == 0 || ldx >= 3 * n) && ldp >= 3 * n));
    run(m, n, x, ldx, products, ldp, h);
}
