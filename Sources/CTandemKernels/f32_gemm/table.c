/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_gemm
#define REGISTER "f32_gemm/f32_gemm.inc"
#include "../table.h"

void tandemk_f32_gemm(
    size_t m, size_t n, size_t k, const float *a, size_t lda, const void *packed, const float *bias,
    float *c, size_t ldc, tandemk_activation activation
) {
    assert(n <= TANDEMK_N_MAX && k <= TANDEMK_K_MAX && (uintptr_t)packed % 64 == 0);
    assert(m <= 1 || (lda >= k && ldc >= n));
    run(m, n, k, a, lda, packed, bias, c, ldc, activation);
}
