/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_mixture
#define REGISTER "f32_mixture/f32_mixture.inc"
#include "../table.h"

void tandemk_f32_mixture(
    size_t m, size_t dim, size_t count, const tandemk_rows *experts, size_t sums,
    const tandemk_mixture *mixtures
) {
    for (size_t s = 0; s < sums; s++) assert(m <= 1 || mixtures[s].ldo >= dim);
    run(m, dim, count, experts, sums, mixtures);
}
