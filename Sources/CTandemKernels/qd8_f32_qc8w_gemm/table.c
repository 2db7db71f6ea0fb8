/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY qd8_f32_qc8w_gemm
#define REGISTER "qd8_f32_qc8w_gemm/qd8_f32_qc8w_gemm.inc"
#include "../table.h"

void tandemk_qd8_f32_qc8w_gemm(
    size_t m, size_t n, size_t k, const int8_t *a, size_t lda, const tandemk_qd8_row *rows,
    const void *packed, const float *bias, float *c, size_t ldc, tandemk_activation activation,
    const tandemk_qs8_rows *bytes
) {
    assert(n <= TANDEMK_N_MAX && k <= TANDEMK_K_MAX && (uintptr_t)packed % 64 == 0);
    assert(m <= 1 || lda >= tandemk_qd8_stride(k));
    assert(bytes || m <= 1 || ldc >= n);
    assert(!bytes || m <= 1 || bytes->ldq >= tandemk_qd8_stride(n));
    assert(!bytes || (bytes->scale >= 0x1p-100f && bytes->zero >= -128 && bytes->zero <= 127));
    run(m, n, k, a, lda, rows, packed, bias, c, ldc, activation, bytes);
}
