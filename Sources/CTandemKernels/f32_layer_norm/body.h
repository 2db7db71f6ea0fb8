/* Layer norm of rows, or of the sums of two. Include a vocabulary and define KERNEL first.
 * Two passes, mean and then squared differences: x^2 - mean^2 would cancel where the mean is large.
 * Each waits for the sum of the one before, and a sum has one order; so four rows go side by side.
 * Sums of two rows are kept where the result will be. */
#include "../lanes/stripes.h"

#define ROWS_AT_ONCE 4
#define EACH_ROW _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++)

typedef struct layer_norm {
    size_t n;
    const float *x;
    size_t ldx;
    const float *addend;
    size_t lda;
    const float *gamma, *beta;
    float epsilon;
    float *y;
    size_t ldy;
} layer_norm;

/* `rows` rows from `i` on; a constant where this is inlined, as is `sums`. */
LANES_FN void layer_norm_rows(const layer_norm *p, size_t i, int rows, bool sums) {
    const size_t n = p->n, ldx = sums ? p->ldy : p->ldx;
    const float *first = p->x + i * p->ldx, *other = sums ? p->addend + i * p->lda : NULL;
    float *y = p->y + i * p->ldy;
    const float *x = sums ? y : first;
    stripes s[ROWS_AT_ONCE];
    vf mean[ROWS_AT_ONCE], factor[ROWS_AT_ONCE];
    EACH_ROW s[r] = stripes_of(0);
    FOR_STRIPES(n, j, left, slot) {
        EACH_ROW {
            vf v = load_upto(first + (size_t)r * p->ldx + j, left);
            if (sums) {
                v = v_add(v, load_upto(other + (size_t)r * p->lda + j, left));
                store_upto(y + (size_t)r * p->ldy + j, left, v);
            }
            s[r].v[slot] = v_add(s[r].v[slot], v);
        }
    }
    EACH_ROW {
        mean[r] = v_set(stripes_sum(s[r]) / (float)n);
        s[r] = stripes_of(0);
    }
    FOR_STRIPES(n, j, left, slot) {
        EACH_ROW {
            vf d = v_sub(load_upto(x + (size_t)r * ldx + j, left), mean[r]);
            d = v_keep(d, left, 0);
            s[r].v[slot] = v_fma(d, d, s[r].v[slot]);
        }
    }
    EACH_ROW factor[r] =
        v_set(1.0f / __builtin_sqrtf(stripes_sum(s[r]) / (float)n + p->epsilon));
    FOR_STRIPES(n, j, left, slot) {
        vf gamma = load_upto(p->gamma + j, left), beta = load_upto(p->beta + j, left);
        EACH_ROW {
            vf d = v_sub(load_upto(x + (size_t)r * ldx + j, left), mean[r]);
            store_upto(
                y + (size_t)r * p->ldy + j, left, v_fma(v_mul(d, factor[r]), gamma, beta)
            );
        }
    }
}

LANES_FN void layer_norm_all(const layer_norm *p, size_t m, bool sums) {
    size_t i = 0;
    for (; i + ROWS_AT_ONCE <= m; i += ROWS_AT_ONCE) layer_norm_rows(p, i, ROWS_AT_ONCE, sums);
    for (; i < m; i++) layer_norm_rows(p, i, 1, sums);
}

tandemk_f32_layer_norm_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t n, const float *x, size_t ldx, const float *addend, size_t lda,
    const float *gamma, const float *beta, float epsilon, float *y, size_t ldy
) {
    const layer_norm p = {n, x, ldx, addend, lda, gamma, beta, epsilon, y, ldy};
    if (addend) layer_norm_all(&p, m, true);
    else layer_norm_all(&p, m, false);
}
