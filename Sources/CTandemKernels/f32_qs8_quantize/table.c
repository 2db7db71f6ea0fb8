/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_qs8_quantize
#define REGISTER "f32_qs8_quantize/f32_qs8_quantize.inc"
#include "../table.h"

void tandemk_f32_qs8_quantize(
    size_t m, size_t k, const float *x, size_t ldx, const float *factors, float scale,
    int32_t zero, int8_t *q, size_t ldq, tandemk_qd8_row *rows
) {
    assert(m <= 1 || (ldx >= k && ldq >= tandemk_qd8_stride(k)));
    assert(scale >= 0x1p-100f && zero >= -128 && zero <= 127);
    run(m, k, x, ldx, factors, scale, zero, q, ldq, rows);
}
