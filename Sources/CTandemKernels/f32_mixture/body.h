/* Gated sums of experts. A vector of an expert's row is read once for up to four sums of it, and
 * four vectors of the row are summed side by side, so that no sum waits for itself. Include a
 * vocabulary and define KERNEL first. */
#include "../lanes/ends.h"

#define SUMS_MAX 4
#define VECTORS (LANES == 16 ? 4 : 2)

/* Row i of `sums` mixtures, from column j on: `vectors` whole vectors, or one part of a vector;
 * both are constants where this is inlined, and the loops over them go. */
LANES_FN void mix(
    size_t count, const tandemk_rows *experts, const tandemk_mixture *mixtures, int sums, size_t i,
    size_t j, size_t left, int vectors
) {
    vf sum[SUMS_MAX][VECTORS];
    for (int s = 0; s < sums; s++)
        for (int u = 0; u < vectors; u++) sum[s][u] = v_set(0);
    for (size_t e = 0; e < count; e++) {
        const float *row = experts[e].base + i * experts[e].stride + j;
        vf x[VECTORS];
        for (int u = 0; u < vectors; u++) x[u] = load_upto(row + u * LANES, left);
        for (int s = 0; s < sums; s++) {
            vf gate = v_set(mixtures[s].gates[i * mixtures[s].ldg + e]);
            for (int u = 0; u < vectors; u++)
                sum[s][u] = e ? v_fma(gate, x[u], sum[s][u]) : v_mul(gate, x[u]);
        }
    }
    for (int s = 0; s < sums; s++) {
        float *out = mixtures[s].out + i * mixtures[s].ldo + j;
        for (int u = 0; u < vectors; u++) {
            if (left < LANES) v_store_part(out, left, sum[s][u]);
            else v_store(out + u * LANES, sum[s][u]);
        }
    }
}

LANES_FN void mix_rows(
    size_t m, size_t dim, size_t count, const tandemk_rows *experts,
    const tandemk_mixture *mixtures, int sums
) {
    for (size_t i = 0; i < m; i++) {
        size_t j = 0;
        for (; j + VECTORS * LANES <= dim; j += VECTORS * LANES)
            mix(count, experts, mixtures, sums, i, j, LANES, VECTORS);
        for (; j < dim; j += LANES) mix(count, experts, mixtures, sums, i, j, dim - j, 1);
    }
}

tandemk_f32_mixture_fn KERNEL;
LANES_KERNEL void KERNEL(
    size_t m, size_t dim, size_t count, const tandemk_rows *experts, size_t sums,
    const tandemk_mixture *mixtures
) {
    for (; sums >= SUMS_MAX; sums -= SUMS_MAX, mixtures += SUMS_MAX)
        mix_rows(m, dim, count, experts, mixtures, SUMS_MAX);
    switch (sums) {
        case 1: mix_rows(m, dim, count, experts, mixtures, 1); break;
        case 2: mix_rows(m, dim, count, experts, mixtures, 2); break;
        case 3: mix_rows(m, dim, count, experts, mixtures, 3); break;
        default: break;
    }
}
