/* Sine and cosine in double. Include a vocabulary first, which forbids contraction.
 *
 * x is brought to |r| <= pi / 4 by multiples n of pi / 2, a number of 33 bits and two that carry
 * on; the polynomials are those of Sun's fdlibm (k_sin.c, k_cos.c). Every step is an IEEE operation
 * in a fixed order, so that the bits are the same everywhere, which no libm promises. */
#pragma once

/* sin(x + shift * pi / 2), shift 0 or 1. */
LANES_FN double trigonometry_sin(double x, double shift) {
    /* Exact, by a period rounded to double. */
    if (!(__builtin_fabs(x) <= 1048576)) x = __builtin_fmod(x, 6.283185307179586477);
    double n = __builtin_floor(x * 0.63661977236758134308 + 0.5);
    double r = x - n * 1.57079632673412561417;
    r -= n * 6.07710050630396597660e-11;
    r -= n * 2.02226624879595063154e-21;
    double z = r * r;
    n += shift;
    double quadrant = n - 4 * __builtin_floor(n * 0.25);
    double sine = -2.50507602534068634195e-08 + z * 1.58969099521155010221e-10;
    sine = 2.75573137070700676789e-06 + z * sine;
    sine = -1.98412698298579493134e-04 + z * sine;
    sine = 8.33333333332248946124e-03 + z * sine;
    sine = -1.66666666666666324348e-01 + z * sine;
    sine = r + r * z * sine;
    double cosine = 2.08757232129817482790e-09 + z * -1.13596475577881948265e-11;
    cosine = -2.75573143513906633035e-07 + z * cosine;
    cosine = 2.48015872894767294178e-05 + z * cosine;
    cosine = -1.38888888888741095749e-03 + z * cosine;
    cosine = 4.16666666666666019037e-02 + z * cosine;
    cosine = 1 - 0.5 * z + z * z * cosine;
    double value = quadrant == 1 || quadrant == 3 ? cosine : sine;
    return quadrant >= 2 ? -value : value;
}
