/* Lanes: one source for all instruction sets of the families that are not matrix products.
 *
 * Such a family is a body (`<family>/body.h`) written in the words below, and one file an
 * instruction set that includes a vocabulary (lanes/scalar.h, lanes/neon.h, lanes/avx2.h,
 * lanes/avx512.h) and then the body. So the lanes of every instruction set take the same steps in
 * the same order, and equal bits come by construction; the tests check it nonetheless, and check
 * the scalar twin against double arithmetic. The matrix products, whose speed is in their tiles,
 * are written by hand.
 *
 *   LANES                     floats in a vf: 1, 4, 8, 16; each divides 16
 *   LANES_FN, LANES_KERNEL    attributes of an inlined step, and of an exported kernel
 *   vf, vi, vm                floats, 32-bit integers (wrapping), truth values
 *   v_load_part, v_store_part the first n < LANES lanes; the others load as +0 and are not stored
 *   v_keep(x, n, other)       the first n lanes of x (all if n >= LANES), `other` in the rest
 *   v_fma, v_fnma             a * b + c and -a * b + c, rounded once
 *   v_min, v_max              a < b ? a : b, a > b ? a : b: b where either is NaN
 *   v_lookup(table, i)        table[the low four bits of i], of sixteen floats
 *   v_round                   to nearest even, |x| < 2^22; a NaN becomes -2^22 or less
 *   i_total                   the wrapping sum of the lanes
 *   m_any(m)                  whether any lane is true
 *   v_folded_sum(x)           the sum of the lanes: lane s takes s + LANES / 2, and so on to s + 1
 *   v_largest(x)              the largest lane, none being NaN
 *   b_narrow(a, b, c, d, z)   4 * LANES bytes in order: int8 of the lanes + z, |z| < 2^15, or the
 *                             nearest
 *   b_keep(x, n)              the first n bytes of x, 0 in the rest
 *   b_sums(x)                 lanes whose sum is that of the bytes
 *   b_load, b_store           4 * LANES bytes
 *   b_store_part              the first n < 4 * LANES bytes of x
 *   b_store_lanes(p, n, x)    int8 of each of the first n <= LANES lanes, or the nearest
 */
