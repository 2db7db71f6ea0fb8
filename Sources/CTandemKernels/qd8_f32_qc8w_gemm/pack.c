/* Packs int8 weights into panels of sixteen columns. */
#include "panel.h"

#include <string.h>

bool tandemk_qd8_f32_qc8w_gemm_packed_bytes(size_t n, size_t k, size_t *ret_bytes) {
    if (n > TANDEMK_N_MAX || k > TANDEMK_K_MAX) return false;
    *ret_bytes = (n + TANDEMK_PANEL - 1) / TANDEMK_PANEL * qc8w_panel_bytes(k);
    return true;
}

/* The next `count` of an output's weights, at most 4, as a panel has them: w + 128, 0 beyond. */
static inline uint32_t four(const int8_t *w, size_t count) {
    uint32_t bytes = 0;
    memcpy(&bytes, w, count);
    return bytes ^ 0x80808080u;
}

/* Packs one output's k weights into every sixteenth word from `out` on; returns their sum. */
static int32_t pack_column(size_t k, const int8_t *w, uint8_t *out) {
    int32_t sum = 0;
    size_t l = 0;
    for (; l + 4 <= k; l += 4, out += 4 * TANDEMK_PANEL) {
        uint32_t word = four(w + l, 4);
        memcpy(out, &word, sizeof word);
        sum += w[l] + w[l + 1] + w[l + 2] + w[l + 3];
    }
    if (l < k) {
        uint32_t word = four(w + l, k - l);
        memcpy(out, &word, sizeof word);
        for (; l < k; l++) sum += w[l];
    }
    return sum;
}

void tandemk_qd8_f32_qc8w_gemm_pack(
    size_t n, size_t k, const int8_t *w, const float *scale, void *packed
) {
    assert(n <= TANDEMK_N_MAX && k <= TANDEMK_K_MAX && (uintptr_t)packed % 64 == 0);
    char *next = packed;
    for (size_t first = 0; first < n; first += TANDEMK_PANEL, next += qc8w_panel_bytes(k)) {
        qc8w_panel *panel = (qc8w_panel *)next;
        size_t columns = n - first < TANDEMK_PANEL ? n - first : TANDEMK_PANEL;
        if (columns < TANDEMK_PANEL) {
            memset(panel, 0, sizeof *panel);
            memset(panel->w, 128, TANDEMK_PANEL * tandemk_qd8_stride(k));
        }
        for (size_t j = 0; j < columns; j++) {
            panel->scale[j] = scale[first + j];
            panel->sum[j] = pack_column(k, w + (first + j) * k, panel->w + 4 * j);
        }
    }
}
