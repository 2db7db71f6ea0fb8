/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_vunary
#define REGISTER "f32_vunary/f32_vunary.inc"
#include "../table.h"

void tandemk_f32_vunary(
    tandemk_unary operation, size_t m, size_t n, const float *x, size_t ldx, float *y, size_t ldy
) {
    assert((unsigned)operation < TANDEMK_UNARY_COUNT);
    assert(m <= 1 || ldy >= n);
    run(operation, m, n, x, ldx, y, ldy);
}
