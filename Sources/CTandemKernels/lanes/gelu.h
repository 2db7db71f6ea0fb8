/* gelu on lanes, by error function and by tanh. Include a vocabulary first. */
#pragma once

#include "math.h"

/* max(x, 0) - c(|x|), c(a) = a / 2 * erfc(a / sqrt 2), up to 5.5, where it is 1e-7. Sixteen pieces
 * about the multiples of 1 / 2.8125 have a polynomial each, P[0][i] + P[1][i] * u + ..., u in
 * [-1/2, 1/2], fitted at 64 Chebyshev points and rounded to float; computed in float the result is
 * within 8e-8 * max(1, |x|). The low bits of a sum with 1.5 * 2^23 are the piece. */
LANES_FN vf math_gelu_erf(vf x) {
    static const float P[6][16] = {
        {0.0f, 0.128386378f, 0.169605479f, 0.152598605f,
         0.110195026f, 0.0670581013f, 0.0350905508f, 0.0159466825f,
         0.00632731523f, 0.00219884096f, 0.000670544512f, 0.000179661918f,
         4.23286911e-05f, 8.77420098e-06f, 1.60082971e-06f, 2.57140414e-07f},
        {0.177777752f, 0.0810414776f, 0.00646911887f, -0.0347943678f,
         -0.0458278805f, -0.0385164879f, -0.0252411682f, -0.0136692952f,
         -0.00627073459f, -0.0024682465f, -0.000839836139f, -0.000248189201f,
         -6.39039208e-05f, -1.43679645e-05f, -2.8254783e-06f, -4.86574038e-07f},
        {-0.0504336804f, -0.0443518125f, -0.0292640086f, -0.0123102013f,
         0.000207954523f, 0.00602610316f, 0.00660950877f, 0.0047781691f,
         0.00268830662f, 0.00124177453f, 0.000482549221f, 0.000159865871f,
         4.55213958e-05f, 1.12008229e-05f, 2.39047017e-06f, 4.43709155e-07f},
        {-4.32149091e-06f, 0.00386400148f, 0.00576721318f, 0.00516589312f,
         0.00305701466f, 0.000918585691f, -0.000360980252f, -0.000737403578f,
         -0.000608689617f, -0.000356648787f, -0.000165135396f, -6.29619171e-05f,
         -2.01802559e-05f, -5.50319101e-06f, -1.28675526e-06f, -2.59341249e-07f},
        {0.00107937027f, 0.000776211265f, 0.000148944659f, -0.000396652467f,
         -0.000582042267f, -0.000443724362f, -0.000196003399f, -1.33519461e-05f,
         5.87319919e-05f, 5.8770951e-05f, 3.60499471e-05f, 1.6702048e-05f,
         6.23260894e-06f, 1.92907487e-06f, 5.03348758e-07f, 1.11848003e-07f},
        {-2.98964351e-05f, -0.000103957333f, -0.000131503155f, -7.70950646e-05f,
         1.15420164e-06f, 4.63656907e-05f, 4.67652826e-05f, 2.5031979e-05f,
         5.33126877e-06f, -3.60782633e-06f, -4.65538278e-06f, -2.95285986e-06f,
         -1.34792731e-06f, -4.85122825e-07f, -1.43012088e-07f, -3.5238898e-08f}
    };
    const vf magic = v_set(12582912.0f);
    vf t = v_min(v_set(15.49f), v_mul(math_abs(x), v_set(2.8125f)));
    vf whole = v_add(t, magic);
    vi piece = v_bits(whole);
    vf u = v_sub(t, v_sub(whole, magic));
    vf p = v_lookup(P[5], piece);
    for (int i = 4; i >= 0; i--) p = v_fma(p, u, v_lookup(P[i], piece));
    return v_sub(math_relu(x), p);
}

/* The approximation by tanh, whose argument is x * (A + B * x^2). */
LANES_FN vf math_gelu_tanh(vf x) {
    vf half = v_mul(x, v_set(0.5f));
    vf slope = v_fma(v_mul(x, x), v_set(0.035677408136300125f), v_set(0.79788456080286536f));
    return v_fma(half, math_tanh(v_mul(x, slope)), half);
}
