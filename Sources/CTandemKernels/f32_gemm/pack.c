/* Packs float weights into panels of sixteen columns: see tandem_kernels.h for the layout. */
#include "../register.h"

bool tandemk_f32_gemm_packed_bytes(size_t n, size_t k, size_t *ret_bytes) {
    if (n > TANDEMK_N_MAX || k > TANDEMK_K_MAX) return false;
    *ret_bytes = (n + TANDEMK_PANEL - 1) / TANDEMK_PANEL * TANDEMK_PANEL * k * sizeof(float);
    return true;
}

void tandemk_f32_gemm_pack(size_t n, size_t k, const float *w, void *packed) {
    assert(n <= TANDEMK_N_MAX && k <= TANDEMK_K_MAX && (uintptr_t)packed % 64 == 0);
    float *out = packed;
    for (size_t panel = 0; panel < n; panel += TANDEMK_PANEL)
        for (size_t l = 0; l < k; l++)
            for (size_t j = panel; j < panel + TANDEMK_PANEL; j++)
                *out++ = j < n ? w[j * k + l] : 0;
}
