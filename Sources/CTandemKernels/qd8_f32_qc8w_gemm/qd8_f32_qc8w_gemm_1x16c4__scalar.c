/* The oracle of the family. It takes 128 off each weight and the zero off each activation instead
 * of correcting the sum, so that it proves the others' correction. */
#include "../lanes/scalar.h"
#include "results.h"

tandemk_qd8_f32_qc8w_gemm_fn tandemk_qd8_f32_qc8w_gemm_1x16c4__scalar;
void tandemk_qd8_f32_qc8w_gemm_1x16c4__scalar(
    size_t m, size_t n, size_t k, const int8_t *a, size_t lda, const tandemk_qd8_row *rows,
    const void *packed, const float *bias, float *c, size_t ldc, tandemk_activation activation,
    const tandemk_qs8_rows *bytes
) {
    const layer p = {n, k, a, lda, rows, packed, bias, c, ldc, activation, results_of(bytes)};
    for (size_t i = 0; i < m; i++, a += lda) {
        for (size_t j = 0; j < n; j++) {
            const qc8w_panel *panel =
                (const void *)((const char *)packed + j / TANDEMK_PANEL * qc8w_panel_bytes(k));
            const uint8_t *w = panel->w + j % TANDEMK_PANEL * 4;
            int32_t sum = 0;
            for (size_t l = 0; l < k; l++)
                sum += (a[l] - rows[i].zero) * (w[l / 4 * 4 * TANDEMK_PANEL + l % 4] - 128);
            finish_lanes(&p, i, j, 1, panel->scale + j % TANDEMK_PANEL, (uint32_t)sum);
        }
    }
    finish_rows(&p, m);
}
