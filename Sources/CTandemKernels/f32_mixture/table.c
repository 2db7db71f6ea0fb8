/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY f32_mixture
#define REGISTER "f32_mixture/f32_mixture.inc"
#include "../table.h"

void tandemk_f32_mixture(
    size_t m, size_t dim, size_t count, const float *gates, size_t ldg, const tandemk_rows *experts,
    float *out, size_t ldo
) {
    assert(m <= 1 || ldo >= dim);
    run(m, dim, count, gates, ldg, experts, out, ldo);
}
