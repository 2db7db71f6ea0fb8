/* Quantisation of rows by a grid that all share. Include a vocabulary and define KERNEL first. */
#include "../lanes/quantize.h"

/* `factors` is p's, or a null that the compiler knows. */
LANES_FN void quantize_rows(const rows_of *p, const float *factors, float scale, int32_t zero) {
    const grid shared = {v_set(1.0f / scale), i_set((uint32_t)zero), true};
    for (size_t i = 0; i < p->m; i++) {
        int32_t sum = write_bytes(
            p->k, p->x + i * p->ldx, factors, shared, p->q + i * p->ldq
        );
        p->rows[i] = (tandemk_qd8_row){scale, zero, sum};
    }
}

tandemk_f32_qs8_quantize_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t k, const float *x, size_t ldx, const float *factors, float scale,
    int32_t zero, int8_t *q, size_t ldq, tandemk_qd8_row *rows
) {
    const rows_of p = {m, k, x, ldx, factors, q, ldq, rows};
    if (factors) quantize_rows(&p, p.factors, scale, zero);
    else quantize_rows(&p, NULL, scale, zero);
}
