/* The register as a table, and the choice. */
#include "../register.h"

#define TANDEMK_KERNEL TANDEMK_DECLARE
#include "f32_gemm.inc"
#undef TANDEMK_KERNEL

static const tandemk_f32_gemm_kernel kernels[] = {
#define TANDEMK_KERNEL TANDEMK_ENTRY
#include "f32_gemm.inc"
#undef TANDEMK_KERNEL
};
TANDEMK_TABLE(f32_gemm)

void tandemk_f32_gemm(
    size_t m, size_t n, size_t k, const float *a, size_t lda, const void *packed, const float *bias,
    float *c, size_t ldc, tandemk_activation activation
) {
    assert(n <= TANDEMK_N_MAX && k <= TANDEMK_K_MAX && (uintptr_t)packed % 64 == 0);
    assert(m <= 1 || (lda >= k && ldc >= n));
    run(m, n, k, a, lda, packed, bias, c, ldc, activation);
}
