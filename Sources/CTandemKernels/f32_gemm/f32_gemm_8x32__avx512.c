/* Eight rows by two panels in sixteen accumulators: ten loads for sixteen multiply-adds, so that
 * arithmetic is the limit. One row takes four to seven panels at a time instead, because each
 * accumulator waits four cycles for its own last addition; of weights in L2 more panels are up to
 * a third faster than four (Zen 5), as long as no turn is left with one. A layer of a few
 * outputs, such as a task's last, would leave most lanes of a panel empty: there sixteen rows are
 * the lanes. */
#if defined(__x86_64__)
#include "../lanes/avx512.h"

#define ROWS_MAX 8
#define PANELS_MAX 7
#define FEW_COLUMNS 2

typedef struct layer {
    size_t n, k;
    const float *a;
    size_t lda;
    const float *packed, *bias;
    float *c;
    size_t ldc;
    tandemk_activation activation;
} layer;

/* `rows` rows by `panels` panels from column j on; both are constants where this is inlined, and
 * the loops over them go. */
LANES_FN void tile(const layer *p, size_t i, size_t j, int rows, int panels) {
    const float *a = p->a + i * p->lda, *w = p->packed + j * p->k;
    const size_t panel = TANDEMK_PANEL * p->k;
    vf sum[ROWS_MAX][PANELS_MAX];
    __mmask16 live[PANELS_MAX];
#pragma clang loop unroll(full)
    for (int q = 0; q < panels; q++) {
        live[q] = first_lanes(p->n - j - (size_t)q * TANDEMK_PANEL);
        vf first =
            p->bias ? _mm512_maskz_loadu_ps(live[q], p->bias + j + q * TANDEMK_PANEL) : v_set(0);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) sum[r][q] = first;
    }
    for (size_t l = 0; l < p->k; l++, w += TANDEMK_PANEL) {
        vf column[PANELS_MAX];
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++) column[q] = _mm512_load_ps(w + (size_t)q * panel);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vf x = v_set(a[(size_t)r * p->lda + l]);
#pragma clang loop unroll(full)
            for (int q = 0; q < panels; q++) sum[r][q] = v_fma(x, column[q], sum[r][q]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        float *c = p->c + (i + (size_t)r) * p->ldc + j;
#pragma clang loop unroll(full)
        for (int q = 0; q < panels; q++) {
            vf y =
                p->activation == TANDEMK_ACTIVATION_RELU ? v_max(v_set(0), sum[r][q]) : sum[r][q];
            _mm512_mask_storeu_ps(c + q * TANDEMK_PANEL, live[q], y);
        }
    }
}

/* All columns of `rows` rows, `panels` panels at a time and then one by one. */
LANES_FN void strip(const layer *p, size_t i, int rows, int panels) {
    size_t j = 0;
    for (; j + (size_t)(panels - 1) * TANDEMK_PANEL < p->n; j += (size_t)panels * TANDEMK_PANEL)
        tile(p, i, j, rows, panels);
    for (; j < p->n; j += TANDEMK_PANEL) tile(p, i, j, rows, 1);
}

/* All columns of one row, up to seven panels at a time and about as many each time. */
LANES_FN void one_row(const layer *p, size_t i) {
    const size_t panels = (p->n + TANDEMK_PANEL - 1) / TANDEMK_PANEL;
    const size_t turns = (panels + PANELS_MAX - 1) / PANELS_MAX;
    size_t j = 0;
    for (size_t turn = 0; turn < turns; turn++) {
        const size_t count = panels / turns + (turn < panels % turns);
        switch (count) {
            case 1: tile(p, i, j, 1, 1); break;
            case 2: tile(p, i, j, 1, 2); break;
            case 3: tile(p, i, j, 1, 3); break;
            case 4: tile(p, i, j, 1, 4); break;
            case 5: tile(p, i, j, 1, 5); break;
            case 6: tile(p, i, j, 1, 6); break;
            default: tile(p, i, j, 1, PANELS_MAX);
        }
        j += count * TANDEMK_PANEL;
    }
}

/* Sixteen rows of sixteen become sixteen columns. */
LANES_FN void transpose(vf r[16]) {
    vf t[16];
    /* Pairs within 128 bits, and then pairs of those: lane 4 * b + c of r[4 * g + l] is column
     * 4 * b + l of row 4 * g + c. */
    for (int g = 0; g < 16; g += 4) {
        vf ab = _mm512_unpacklo_ps(r[g], r[g + 1]), cd = _mm512_unpacklo_ps(r[g + 2], r[g + 3]);
        vf ef = _mm512_unpackhi_ps(r[g], r[g + 1]), gh = _mm512_unpackhi_ps(r[g + 2], r[g + 3]);
        t[g] = _mm512_shuffle_ps(ab, cd, 0x44), t[g + 1] = _mm512_shuffle_ps(ab, cd, 0xee);
        t[g + 2] = _mm512_shuffle_ps(ef, gh, 0x44), t[g + 3] = _mm512_shuffle_ps(ef, gh, 0xee);
    }
    for (int l = 0; l < 4; l++) {
        vf low = _mm512_shuffle_f32x4(t[l], t[4 + l], 0x44);
        vf high = _mm512_shuffle_f32x4(t[l], t[4 + l], 0xee);
        vf low2 = _mm512_shuffle_f32x4(t[8 + l], t[12 + l], 0x44);
        vf high2 = _mm512_shuffle_f32x4(t[8 + l], t[12 + l], 0xee);
        r[l] = _mm512_shuffle_f32x4(low, low2, 0x88);
        r[4 + l] = _mm512_shuffle_f32x4(low, low2, 0xdd);
        r[8 + l] = _mm512_shuffle_f32x4(high, high2, 0x88);
        r[12 + l] = _mm512_shuffle_f32x4(high, high2, 0xdd);
    }
}

/* The `columns` columns, few enough for one panel, of sixteen rows. */
LANES_FN void few_columns(const layer *p, size_t i, int columns) {
    vf sum[FEW_COLUMNS];
    for (int q = 0; q < columns; q++) sum[q] = v_set(p->bias ? p->bias[q] : 0);
    const float *w = p->packed;
    for (size_t l = 0; l < p->k; l += 16) {
        const size_t left = p->k - l;
        vf x[16];
        for (size_t r = 0; r < 16; r++) x[r] = v_load_part(p->a + (i + r) * p->lda + l, left);
        transpose(x);
        for (size_t u = 0; u < 16 && u < left; u++, w += TANDEMK_PANEL)
            for (int q = 0; q < columns; q++) sum[q] = v_fma(x[u], v_set(w[q]), sum[q]);
    }
    for (int q = 0; q < columns; q++) {
        float y[16];
        v_store(y, p->activation == TANDEMK_ACTIVATION_RELU ? v_max(v_set(0), sum[q]) : sum[q]);
        for (size_t r = 0; r < 16; r++) p->c[(i + r) * p->ldc + (size_t)q] = y[r];
    }
}

/* Sixteen rows at a time of a layer of few columns; returns how many rows that were. */
LANES_FN size_t few_columns_of_rows(const layer *p, size_t m) {
    size_t i = 0;
    for (; i + 16 <= m; i += 16) {
        switch (p->n) {
            case 1: few_columns(p, i, 1); break;
            case 2: few_columns(p, i, 2); break;
            default: return i;
        }
    }
    return i;
}

tandemk_f32_gemm_fn tandemk_f32_gemm_8x32__avx512;
LANES_KERNEL void tandemk_f32_gemm_8x32__avx512(
    size_t m, size_t n, size_t k, const float *a, size_t lda, const void *packed, const float *bias,
    float *c, size_t ldc, tandemk_activation activation
) {
    const layer p = {n, k, a, lda, packed, bias, c, ldc, activation};
    size_t i = few_columns_of_rows(&p, m);
    for (; i + 8 <= m; i += 8) strip(&p, i, 8, 2);
    if (m - i >= 4) {
        strip(&p, i, 4, 2);
        i += 4;
    }
    if (m - i >= 2) {
        strip(&p, i, 2, 4);
        i += 2;
    }
    if (m - i) one_row(&p, i);
}
#endif
