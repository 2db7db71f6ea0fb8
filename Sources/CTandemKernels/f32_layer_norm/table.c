/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_layer_norm
#define REGISTER "f32_layer_norm/f32_layer_norm.inc"
#include "../table.h"

void tandemk_f32_layer_norm(
    size_t m, size_t n, const float *x, size_t ldx, const float *addend, size_t lda,
    const float *gamma, const float *beta, float epsilon, float *y, size_t ldy
) {
    assert(m <= 1 || ldy >= n);
    run(m, n, x, ldx, addend, lda, gamma, beta, epsilon, y, ldy);
}
