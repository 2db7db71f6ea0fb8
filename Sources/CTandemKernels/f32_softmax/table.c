/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_softmax
#define REGISTER "f32_softmax/f32_softmax.inc"
#include "../table.h"

void tandemk_f32_softmax(size_t m, size_t n, const float *x, size_t ldx, float *y, size_t ldy) {
    assert(m <= 1 || ldy >= n);
    run(m, n, x, ldx, y, ldy);
}
