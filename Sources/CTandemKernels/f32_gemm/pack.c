/* Packs float weights into panels of sixteen columns: see tandem_kernels.h for the layout. */
#include "../register.h"

#include <string.h>

bool tandemk_f32_gemm_packed_bytes(size_t n, size_t k, size_t *ret_bytes) {
    if (n > TANDEMK_N_MAX || k > TANDEMK_K_MAX) return false;
    *ret_bytes = (n + TANDEMK_PANEL - 1) / TANDEMK_PANEL * TANDEMK_PANEL * k * sizeof(float);
    return true;
}

void tandemk_f32_gemm_pack(size_t n, size_t k, const float *w, void *packed) {
    tandemk_f32_gemm_pack_view(n, k, w, k, 1, packed);
}

void tandemk_f32_gemm_pack_view(
    size_t n, size_t k, const float *w, size_t output_stride, size_t input_stride, void *packed
) {
    assert(n <= TANDEMK_N_MAX && k <= TANDEMK_K_MAX && (uintptr_t)packed % 64 == 0);
    float *out = packed;
    for (size_t panel = 0; panel < n; panel += TANDEMK_PANEL) {
        size_t columns = n - panel < TANDEMK_PANEL ? n - panel : TANDEMK_PANEL;
        const float *from = w + panel * output_stride;
        for (size_t l = 0; l < k; l++, from += input_stride, out += TANDEMK_PANEL) {
            if (output_stride == 1) memcpy(out, from, columns * sizeof *out);
            else
                for (size_t j = 0; j < columns; j++) out[j] = from[j * output_stride];
            for (size_t j = columns; j < TANDEMK_PANEL; j++) out[j] = 0;
        }
    }
}
