/* Packs int8 weights into panels of sixteen columns. */
#include "panel.h"

bool tandemk_qd8_f32_qc8w_gemm_packed_bytes(size_t n, size_t k, size_t *ret_bytes) {
    if (n > TANDEMK_N_MAX || k > TANDEMK_K_MAX) return false;
    *ret_bytes = (n + TANDEMK_PANEL - 1) / TANDEMK_PANEL * qc8w_panel_bytes(k);
    return true;
}

void tandemk_qd8_f32_qc8w_gemm_pack(
    size_t n, size_t k, const int8_t *w, const float *scale, void *packed
) {
    assert(n <= TANDEMK_N_MAX && k <= TANDEMK_K_MAX && (uintptr_t)packed % 64 == 0);
    for (size_t first = 0; first < n; first += TANDEMK_PANEL) {
        qc8w_panel *panel =
            (qc8w_panel *)((char *)packed + first / TANDEMK_PANEL * qc8w_panel_bytes(k));
        for (size_t j = 0; j < TANDEMK_PANEL; j++) {
            panel->scale[j] = first + j < n ? scale[first + j] : 0;
            panel->sum[j] = 0;
            for (size_t l = 0; l < k && first + j < n; l++)
                panel->sum[j] += w[(first + j) * k + l];
        }
        uint8_t *out = panel->w;
        for (size_t group = 0; group < k; group += 4)
            for (size_t j = first; j < first + TANDEMK_PANEL; j++)
                for (size_t l = group; l < group + 4; l++)
                    *out++ = (uint8_t)((j < n && l < k ? w[j * k + l] : 0) + 128);
    }
}
