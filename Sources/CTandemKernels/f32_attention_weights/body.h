/* Attention's weights of rows. Include a vocabulary and define KERNEL first.
 * The scaled score is made twice, for the maximum and for its own exp: one instruction, and less
 * than to store it. Four rows go side by side, since each waits for its own maximum and sum. */
#include "../lanes/math.h"
#include "../lanes/stripes.h"

#define ROWS_AT_ONCE 4
#define EACH_ROW _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++)

/* How a mask is read: not at all, an element a row, an element a score. */
typedef enum mask_form { MASK_NONE, MASK_ROW, MASK_SCORE } mask_form;

LANES_FN vf scaled(
    const float *x, vf scale, mask_form form, const float *mask, size_t j, size_t left
) {
    vf v = load_upto(x + j, left);
    if (form == MASK_NONE) return v_mul(v, scale);
    return v_fma(v, scale, form == MASK_ROW ? v_set(*mask) : load_upto(mask + j, left));
}

/* exp(x), x <= 0; 0 where the result would be near the denormal numbers. */
LANES_FN vf weight(vf x) {
    return v_select(v_less(x, v_set(-87)), v_set(0), math_exp_near(x));
}

/* Rows of scores and what they are weighed with. */
typedef struct scores {
    size_t n;
    vf scale;
    const tandemk_operand *mask;
    float *x;
    size_t ldx;
    float *sums;
} scores;

/* `rows` rows from `i` on; a constant where this is inlined, as is `form`. */
LANES_FN void weigh_rows(const scores *p, size_t i, int rows, mask_form form) {
    const size_t n = p->n, stride = form == MASK_NONE ? 0 : p->mask->stride;
    const float *mask = form == MASK_NONE ? NULL : p->mask->base + i * stride;
    const float least = -__builtin_inff();
    float *x = p->x + i * p->ldx;
    stripes s[ROWS_AT_ONCE];
    vf most[ROWS_AT_ONCE];
    EACH_ROW s[r] = stripes_of(least);
    FOR_STRIPES(n, j, left, slot) {
        EACH_ROW {
            const float *own = form == MASK_NONE ? x : mask + (size_t)r * stride;
            /* Skips a NaN, which then reaches the sum through its own exp. */
            vf v = scaled(x + (size_t)r * p->ldx, p->scale, form, own, j, left);
            s[r].v[slot] = v_max(v_keep(v, left, least), s[r].v[slot]);
        }
    }
    EACH_ROW {
        most[r] = v_set(stripes_max(s[r]));
        s[r] = stripes_of(0);
    }
    FOR_STRIPES(n, j, left, slot) {
        EACH_ROW {
            const float *own = form == MASK_NONE ? x : mask + (size_t)r * stride;
            float *y = x + (size_t)r * p->ldx;
            vf e = weight(v_sub(scaled(y, p->scale, form, own, j, left), most[r]));
            store_upto(y + j, left, e);
            s[r].v[slot] = v_add(s[r].v[slot], v_keep(e, left, 0));
        }
    }
    EACH_ROW p->sums[i + (size_t)r] = stripes_sum(s[r]);
}

LANES_FN void weigh_all(const scores *p, size_t m, mask_form form) {
    size_t i = 0;
    for (; i + ROWS_AT_ONCE <= m; i += ROWS_AT_ONCE) weigh_rows(p, i, ROWS_AT_ONCE, form);
    for (; i < m; i++) weigh_rows(p, i, 1, form);
}

tandemk_f32_attention_weights_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t n, float scale, const tandemk_operand *mask, float *x, size_t ldx, float *sums
) {
    const scores p = {n, v_set(scale), mask, x, ldx, sums};
    if (!mask) weigh_all(&p, m, MASK_NONE);
    else if (mask->step) weigh_all(&p, m, MASK_SCORE);
    else weigh_all(&p, m, MASK_ROW);
}
