/* A gated sum of experts. Include a vocabulary and define KERNEL first. */

LANES_FN vf load_upto(const float *p, size_t left) {
    return left < LANES ? v_load_part(p, left) : v_load(p);
}

tandemk_f32_mixture_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t dim, size_t count, const float *gates, size_t ldg, const tandemk_rows *experts,
    float *out, size_t ldo
) {
    for (size_t i = 0; i < m; i++, gates += ldg, out += ldo) {
        for (size_t j = 0; j < dim; j += LANES) {
            size_t left = dim - j;
            vf sum = v_set(0);
            if (count)
                sum = v_mul(
                    v_set(gates[0]), load_upto(experts[0].base + i * experts[0].stride + j, left)
                );
            for (size_t e = 1; e < count; e++)
                sum = v_fma(
                    v_set(gates[e]), load_upto(experts[e].base + i * experts[e].stride + j, left),
                    sum
                );
            if (left < LANES) v_store_part(out + j, left, sum);
            else v_store(out + j, sum);
        }
    }
}
