/* The oracle of the family: one row, one panel, the order of tandem_kernels.h word by word. */
#include "../lanes/scalar.h"

tandemk_f32_gemm_fn tandemk_f32_gemm_1x16__scalar;
void tandemk_f32_gemm_1x16__scalar(
    size_t m, size_t n, size_t k, const float *a, size_t lda, const void *packed, const float *bias,
    float *c, size_t ldc, tandemk_activation activation
) {
    for (size_t i = 0; i < m; i++, a += lda, c += ldc) {
        const float *w = packed;
        for (size_t panel = 0; panel < n; panel += TANDEMK_PANEL) {
            size_t columns = n - panel < TANDEMK_PANEL ? n - panel : TANDEMK_PANEL;
            float sum[TANDEMK_PANEL];
            for (size_t j = 0; j < columns; j++) sum[j] = bias ? bias[panel + j] : 0;
            for (size_t l = 0; l < k; l++, w += TANDEMK_PANEL)
                for (size_t j = 0; j < columns; j++) sum[j] = v_fma(a[l], w[j], sum[j]);
            for (size_t j = 0; j < columns; j++)
                c[panel + j] = activation == TANDEMK_ACTIVATION_RELU ? v_max(0, sum[j]) : sum[j];
        }
    }
}
