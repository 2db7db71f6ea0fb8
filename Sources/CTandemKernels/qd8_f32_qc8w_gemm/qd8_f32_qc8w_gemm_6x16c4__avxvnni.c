/* The VEX encoding. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../register.h"

#define VNNI_FN static inline __attribute__((always_inline)) TANDEMK_TARGET_AVXVNNI
#define VNNI_ADD _mm256_dpbusd_avx_epi32
#include "vnni256.h"

tandemk_qd8_f32_qc8w_gemm_fn tandemk_qd8_f32_qc8w_gemm_6x16c4__avxvnni;
TANDEMK_TARGET_AVXVNNI void tandemk_qd8_f32_qc8w_gemm_6x16c4__avxvnni(
    size_t m, size_t n, size_t k, const int8_t *a, size_t lda, const tandemk_qd8_row *rows,
    const void *packed, const float *bias, float *c, size_t ldc, tandemk_activation activation,
    const tandemk_qs8_rows *bytes
) {
    const layer p = {n, k, a, lda, rows, packed, bias, c, ldc, activation, results_of(bytes)};
    product(&p, m);
    finish_rows(&p, m);
}
#endif
