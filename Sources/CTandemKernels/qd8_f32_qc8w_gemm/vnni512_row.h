/* One row on 512 bits. It takes a panel at a time and spreads its sums over the inputs instead of
 * over rows, which changes nothing where all are integers: its weights are one stream from first to
 * last. With four panels at a time ranking models took 1.02 to 1.09 of the time. The processor asks
 * for that stream by itself and well, but a stream that it follows ends with its page, and on Zen 5
 * some processes' streams from the third-level cache were not followed (ple took 52 us instead of
 * 46). So the beginning of the next page is asked for in layers that come from there. Asking for
 * each line, 2 KB ahead, takes Zen 4 a quarter longer (26 us instead of 21 for the 1.9 MB of ple's
 * context). */
#pragma once

#include "vnni512.h"

#define SUMS 4
#define PAGE 4096
/* Bytes at the beginning of a page that are asked for while those of the page before are read. */
#define PAGE_HEAD 512
/* Bytes of a layer that the second-level cache will not have kept. */
#define LARGE (512 << 10)

/* One row by one panel; `bytes` and `asks`, whether the next page is asked for, are constant. */
VNNI_FN void one_panel(const layer *p, size_t i, size_t j, bool bytes, bool asks) {
    const qc8w_panel *panel = panel_at(p, j);
    const size_t groups = tandemk_qd8_stride(p->k) / 4;
    const int8_t *a = p->a + i * p->lda;
    const uint8_t *w = panel->w;
    __m512i sum[SUMS] = {start(p->rows[i], zeros_of(p->rows[i].zero, panel))};
    size_t g = 0;
    for (; g + SUMS <= groups; g += SUMS, a += 4 * SUMS, w += 64 * SUMS) {
        const bool at_head = asks && (uintptr_t)w % PAGE < PAGE_HEAD;
#pragma clang loop unroll(full)
        for (size_t s = 0; s < SUMS; s++) {
            if (at_head) _mm_prefetch(w + 64 * s + PAGE, _MM_HINT_T0);
            sum[s] = _mm512_dpbusd_epi32(
                sum[s], _mm512_load_si512(w + 64 * s), _mm512_set1_epi32(four(a + 4 * s)));
        }
    }
    for (; g < groups; g++, a += 4, w += 64)
        sum[0] = _mm512_dpbusd_epi32(sum[0], _mm512_load_si512(w), _mm512_set1_epi32(four(a)));
    for (size_t s = 1; s < SUMS; s++) sum[0] = _mm512_add_epi32(sum[0], sum[s]);
    const ends end = ends_of(p, j);
    finish(p, i, j, end, v_mul(v_set(p->rows[i].scale), end.scale), sum[0], bytes);
}

/* `bytes`, constant, is whether results are bytes. */
VNNI_FN void one_row(const layer *p, size_t i, bool bytes) {
    if (p->n / TANDEMK_PANEL * qc8w_panel_bytes(p->k) > LARGE)
        for (size_t j = 0; j < p->n; j += TANDEMK_PANEL) one_panel(p, i, j, bytes, true);
    else
        for (size_t j = 0; j < p->n; j += TANDEMK_PANEL) one_panel(p, i, j, bytes, false);
}
