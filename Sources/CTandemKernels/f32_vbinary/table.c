/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_vbinary
#define REGISTER "f32_vbinary/f32_vbinary.inc"
#include "../table.h"

void tandemk_f32_vbinary(
    tandemk_binary operation, size_t m, size_t n, tandemk_operand a, tandemk_operand b, float *c,
    size_t ldc
) {
    assert((unsigned)operation < TANDEMK_BINARY_COUNT && a.step <= 1 && b.step <= 1);
    assert(m <= 1 || ldc >= n);
    run(operation, m, n, a, b, c, ldc);
}
