/* A gated sum of experts, four vectors of a row at a time so that their sums do not wait for
 * themselves. Include a vocabulary and define KERNEL first. */

#define VECTORS 4

LANES_FN vf load_upto(const float *p, size_t left) {
    return left < LANES ? v_load_part(p, left) : v_load(p);
}

/* Row i of all experts, from column j on: `vectors` whole vectors, or one part of a vector. */
LANES_FN void mix(
    size_t count, const float *gates, const tandemk_rows *experts, size_t i, size_t j, size_t left,
    int vectors, float *out
) {
    vf sum[VECTORS];
    for (int u = 0; u < vectors; u++) sum[u] = v_set(0);
    for (size_t e = 0; e < count; e++) {
        const float *x = experts[e].base + i * experts[e].stride + j;
        vf gate = v_set(gates[e]);
        for (int u = 0; u < vectors; u++) {
            vf v = load_upto(x + u * LANES, left);
            sum[u] = e ? v_fma(gate, v, sum[u]) : v_mul(gate, v);
        }
    }
    for (int u = 0; u < vectors; u++) {
        if (left < LANES) v_store_part(out + j, left, sum[u]);
        else v_store(out + j + u * LANES, sum[u]);
    }
}

tandemk_f32_mixture_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t dim, size_t count, const float *gates, size_t ldg, const tandemk_rows *experts,
    float *out, size_t ldo
) {
    for (size_t i = 0; i < m; i++, gates += ldg, out += ldo) {
        size_t j = 0;
        for (; j + VECTORS * LANES <= dim; j += VECTORS * LANES)
            mix(count, gates, experts, i, j, LANES, VECTORS, out);
        for (; j < dim; j += LANES) mix(count, gates, experts, i, j, dim - j, 1, out);
    }
}
