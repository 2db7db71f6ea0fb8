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

typedef float four __attribute__((vector_size(16)));

/* Four outputs' four inputs, from[j * stride + l], to out[l * 16 + j]. */
static inline void transpose(const float *from, size_t stride, float *out) {
    four a, b, c, d;
    memcpy(&a, from, sizeof a);
    memcpy(&b, from + stride, sizeof b);
    memcpy(&c, from + 2 * stride, sizeof c);
    memcpy(&d, from + 3 * stride, sizeof d);
    four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    four ef = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    four gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    four line[4] = {
        __builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
        __builtin_shufflevector(ef, gh, 0, 1, 4, 5), __builtin_shufflevector(ef, gh, 2, 3, 6, 7)
    };
    for (size_t l = 0; l < 4; l++) memcpy(out + l * TANDEMK_PANEL, &line[l], sizeof line[l]);
}

/* A whole panel of outputs whose inputs lie side by side; returns how many inputs were taken. */
static size_t pack_blocks(size_t k, const float *w, size_t output_stride, float *out) {
    size_t l = 0;
    for (; l + 4 <= k; l += 4)
        for (size_t j = 0; j < TANDEMK_PANEL; j += 4)
            transpose(w + j * output_stride + l, output_stride, out + l * TANDEMK_PANEL + j);
    return l;
}

void tandemk_f32_gemm_pack_view(
    size_t n, size_t k, const float *w, size_t output_stride, size_t input_stride, void *packed
) {
    assert(n <= TANDEMK_N_MAX && k <= TANDEMK_K_MAX && (uintptr_t)packed % 64 == 0);
    float *out = packed;
    for (size_t panel = 0; panel < n; panel += TANDEMK_PANEL, out += TANDEMK_PANEL * k) {
        size_t columns = n - panel < TANDEMK_PANEL ? n - panel : TANDEMK_PANEL;
        const float *from = w + panel * output_stride;
        size_t l = 0;
        if (input_stride == 1 && columns == TANDEMK_PANEL)
            l = pack_blocks(k, from, output_stride, out);
        for (; l < k; l++) {
            float *line = out + l * TANDEMK_PANEL;
            const float *inputs = from + l * input_stride;
            if (output_stride == 1 && columns == TANDEMK_PANEL)
                memcpy(line, inputs, TANDEMK_PANEL * sizeof *line);
            else
                for (size_t j = 0; j < columns; j++) line[j] = inputs[j * output_stride];
            for (size_t j = columns; j < TANDEMK_PANEL; j++) line[j] = 0;
        }
    }
}
