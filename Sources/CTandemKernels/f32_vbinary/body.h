/* c = a operation b with broadcasting. Include a vocabulary and define KERNEL first. */

/* One row; the operation and the steps are constants where this is inlined, so that the inner loops
 * have no branch. */
LANES_FN void row(
    size_t n, const float *a, bool a_moves, const float *b, bool b_moves, float *c,
    vf (*step)(vf, vf)
) {
    size_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        vf x = a_moves ? v_load(a + j) : v_set(*a);
        vf y = b_moves ? v_load(b + j) : v_set(*b);
        v_store(c + j, step(x, y));
    }
    if (j == n) return;
    vf x = a_moves ? v_load_part(a + j, n - j) : v_set(*a);
    vf y = b_moves ? v_load_part(b + j, n - j) : v_set(*b);
    v_store_part(c + j, n - j, step(x, y));
}

/* A NaN on the right comes out of v_min and v_max by itself. */
LANES_FN vf minimum(vf a, vf b) { return v_select(v_is_nan(a), a, v_min(a, b)); }
LANES_FN vf maximum(vf a, vf b) { return v_select(v_is_nan(a), a, v_max(a, b)); }

#define ROWS(name, apply)                                                                  \
    LANES_KERNEL static void name(                                                         \
        size_t m, size_t n, tandemk_operand a, tandemk_operand b, float *c, size_t ldc     \
    ) {                                                                                    \
        for (size_t i = 0; i < m; i++, a.base += a.stride, b.base += b.stride, c += ldc) { \
            if (a.step && b.step) row(n, a.base, true, b.base, true, c, apply);            \
            else if (a.step) row(n, a.base, true, b.base, false, c, apply);                \
            else if (b.step) row(n, a.base, false, b.base, true, c, apply);                \
            else row(n, a.base, false, b.base, false, c, apply);                           \
        }                                                                                  \
    }
ROWS(add_rows, v_add)
ROWS(subtract_rows, v_sub)
ROWS(multiply_rows, v_mul)
ROWS(divide_rows, v_div)
ROWS(minimum_rows, minimum)
ROWS(maximum_rows, maximum)
#undef ROWS

/* In the order of tandemk_binary. */
static void (*const operations[TANDEMK_BINARY_COUNT])(
    size_t, size_t, tandemk_operand, tandemk_operand, float *, size_t
) = {
    add_rows, subtract_rows, multiply_rows, divide_rows, minimum_rows, maximum_rows,
};

tandemk_f32_vbinary_fn KERNEL;
void KERNEL(
    tandemk_binary operation, size_t m, size_t n, tandemk_operand a, tandemk_operand b, float *c,
    size_t ldc
) {
    if (!n) return;
    bool dense = a.step && b.step && a.stride == n && b.stride == n && ldc == n;
    if (dense) { /* One long row has fewer tails. */
        n *= m;
        m = m ? 1 : 0;
    }
    operations[operation](m, n, a, b, c, ldc);
}
