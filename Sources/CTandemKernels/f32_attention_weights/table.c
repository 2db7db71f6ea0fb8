/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_attention_weights
#define REGISTER "f32_attention_weights/f32_attention_weights.inc"
#include "../table.h"

void tandemk_f32_attention_weights(
    size_t m, size_t n, float scale, const tandemk_operand *mask, float *x, size_t ldx, float *sums
) {
    assert((m <= 1 || ldx >= n) && (!mask || mask->step <= 1));
    run(m, n, scale, mask, x, ldx, sums);
}
