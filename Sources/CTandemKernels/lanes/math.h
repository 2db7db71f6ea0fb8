/* exp, log, sigmoid, tanh, erf, rounding on lanes. Include a vocabulary first.
 *
 * The polynomials were fitted with Sollya's fpminimax (coefficients rounded to float in the fit);
 * each states its form, range and largest relative error before rounding. Stated ULP errors of the
 * functions are in tandem_kernels.h. Special values need no branches: the comparisons are written
 * so that a NaN argument stays NaN. */
#pragma once

/* Sum of c[i] * x^i by Horner's rule, c[0] first, count >= 1. */
LANES_FN vf polynomial(vf x, const float *c, int count) {
    vf p = v_set(c[count - 1]);
    for (int i = count - 2; i >= 0; i--) p = v_fma(p, x, v_set(c[i]));
    return p;
}

LANES_FN vf math_abs(vf x) { return v_from_bits(i_and(v_bits(x), i_set(0x7fffffff))); }
LANES_FN vf math_negate(vf x) { return v_from_bits(i_xor(v_bits(x), i_set(0x80000000))); }
/* |magnitude| with the sign of `sign`; magnitude is not negative. */
LANES_FN vf math_signed(vf magnitude, vf sign) {
    return v_from_bits(i_xor(v_bits(magnitude), i_and(v_bits(sign), i_set(0x80000000))));
}
LANES_FN vf math_relu(vf x) { return v_max(v_set(0), x); }

/* 2^n for -126 <= n <= 127. */
LANES_FN vf math_exp2i(vi n) { return v_from_bits(i_shift_left(i_add(n, i_set(127)), 23)); }

/* exp(x) = 2^n * exp(r), n = round(x / ln 2), r = x - n * ln 2 (ln 2 in two parts, the first short
 * enough that its product with n is exact). exp(r) = 1 + r + r^2 * P(r) on |r| <= 0.3466: 2^-28.1.
 * The two factors of 2^n keep the first product normal, so that a denormal result is rounded once.
 * Beyond [-104, 89] the result is 0 or infinity anyway. */
LANES_FN vf math_exp(vf x) {
    static const float P[] = {
        0.4999999105930328369140625f, 0.16666521131992340087890625f,
        4.16689626872539520263671875e-2f, 8.368670009076595306396484375e-3f,
        1.378246466629207134246826171875e-3f
    };
    /* 1.5 * 2^23: the low bits of a sum with it are the rounded integer. */
    const vf magic = v_set(12582912.0f);
    x = v_min(v_set(89), v_max(v_set(-104), x));
    vf t = v_fma(x, v_set(1.44269504088896341f), magic);
    vi n = i_sub(v_bits(t), v_bits(magic));
    vf nf = v_sub(t, magic);
    vf r = v_fnma(nf, v_set(0.693145751953125f), x);
    r = v_fnma(nf, v_set(1.42860682030941723212e-6f), r);
    vf p = v_fma(v_mul(r, r), polynomial(r, P, 5), r);
    p = v_add(p, v_set(1));
    vi half = i_shift_right(n, 1);
    return v_mul(v_mul(p, math_exp2i(half)), math_exp2i(i_sub(n, half)));
}

/* The same for results that are normal numbers: x <= 88, and below -87 it is exp(-87). 2^n goes
 * into the exponent by one addition. */
LANES_FN vf math_exp_near(vf x) {
    static const float P[] = {
        0.4999999105930328369140625f, 0.16666521131992340087890625f,
        4.16689626872539520263671875e-2f, 8.368670009076595306396484375e-3f,
        1.378246466629207134246826171875e-3f
    };
    const vf magic = v_set(12582912.0f);
    x = v_max(v_set(-87), x);
    vf t = v_fma(x, v_set(1.44269504088896341f), magic);
    vf nf = v_sub(t, magic);
    vf r = v_fnma(nf, v_set(0.693145751953125f), x);
    r = v_fnma(nf, v_set(1.42860682030941723212e-6f), r);
    vf p = v_add(v_fma(v_mul(r, r), polynomial(r, P, 5), r), v_set(1));
    return v_from_bits(i_add(v_bits(p), i_shift_left(v_bits(t), 23)));
}

/* log(x) = e * ln 2 + log(1 + f), x = 2^e * (1 + f), 1 + f in [sqrt 1/2, sqrt 2).
 * log(1 + f) = f - f^2 / 2 + f^3 * P(f) on [-0.293, 0.4143]: 2^-26.6. Denormals are scaled by 2^23
 * first. */
LANES_FN vf math_log(vf x) {
    static const float P[] = {0.3333327472209930419921875f, -0.2500079572200775146484375f,
                              0.2000431120395660400390625f, -0.16626267135143280029296875f,
                              0.1415046155452728271484375f, -0.1308874189853668212890625f,
                              0.1303231716156005859375f,    -8.114866912364959716796875e-2f};
    const vf infinity = v_set(__builtin_inff()), zero = v_set(0);
    vm tiny = v_less(x, v_set(0x1p-126f));
    vf scaled = v_select(tiny, v_mul(x, v_set(0x1p23f)), x);
    vf bias = v_select(tiny, v_set(-23), zero);
    /* 0x3f3504f3 is sqrt 1/2: the exponent of what is left after it is e. */
    vi over = i_sub(v_bits(scaled), i_set(0x3f3504f3));
    vf e = v_add(v_from_int(i_shift_right(over, 23)), bias);
    vi mantissa = i_add(i_and(over, i_set(0x007fffff)), i_set(0x3f3504f3));
    vf f = v_sub(v_from_bits(mantissa), v_set(1));
    vf tail = v_mul(f, v_mul(f, v_fma(f, polynomial(f, P, 8), v_set(-0.5f))));
    tail = v_fma(e, v_set(1.42860682030941723212e-6f), tail);
    vf y = v_fma(e, v_set(0.693145751953125f), v_add(f, tail));
    y = v_select(v_less(x, infinity), y, x); /* Infinity stays infinity. */
    /* x - infinity is -infinity at 0, and NaN at NaN. */
    vf rest = v_select(v_less(x, zero), v_set(__builtin_nanf("")), v_sub(x, infinity));
    return v_select(v_less(zero, x), y, rest);
}

/* With z = exp(-|x|), which cannot overflow: 1 / (1 + z), and z / (1 + z) below 0, which keeps the
 * small results exact. */
LANES_FN vf math_sigmoid(vf x) {
    vf z = math_exp(math_negate(math_abs(x)));
    return v_div(v_select(v_less(x, v_set(0)), z, v_set(1)), v_add(z, v_set(1)));
}

/* Below 0.625: x + x^3 * P(x^2), 2^-27.7. Above: 1 - 2 / (exp(2|x|) + 1), which has lost no bits by
 * then. */
LANES_FN vf math_tanh(vf x) {
    static const float P[] = {
        -0.3333328068256378173828125f, 0.1333141624927520751953125f, -5.3737938404083251953125e-2f,
        2.06341184675693511962890625e-2f, -5.700091831386089324951171875e-3f
    };
    vf a = math_abs(x), z = v_mul(x, x);
    vf small = v_fma(v_mul(x, z), polynomial(z, P, 5), x);
    vf large = v_sub(v_set(1), v_div(v_set(2), v_add(math_exp(v_add(a, a)), v_set(1))));
    return v_select(v_less(a, v_set(0.625f)), small, math_signed(large, x));
}

/* Below 0.9375: x + x * P(x^2), 2^-30.1. Above: 1 - exp(-t * Q(t)), t = min(|x|, 4), 2^-25.9
 * (erf(4) rounds to 1). */
LANES_FN vf math_erf(vf x) {
    static const float P[] = {
        0.128379166126251220703125f,          -0.3761263191699981689453125f,
        0.112836740911006927490234375f,       -2.6858337223529815673828125e-2f,
        5.198557861149311065673828125e-3f,    -8.1157684326171875e-4f,
        8.2597616710700094699859619140625e-5f
    };
    static const float Q[] = {
        1.128741741180419921875f,
        0.63480532169342041015625f,
        0.1067298352718353271484375f,
        -2.4080336093902587890625e-2f,
        3.7039588205516338348388671875e-3f,
        -2.8893412672914564609527587890625e-4f,
        -1.00481920526362955570220947265625e-5f,
        4.1720222725416733648967742919921875e-6f,
        -2.60868063151065143756568431854248046875e-7f
    };
    vf a = math_abs(x);
    vf small = v_fma(x, polynomial(v_mul(x, x), P, 7), x);
    vf t = v_min(v_set(4), a);
    vf large = v_sub(v_set(1), math_exp(math_negate(v_mul(t, polynomial(t, Q, 9)))));
    return v_select(v_less(a, v_set(0.9375f)), small, math_signed(large, x));
}

/* Adding 2^23 to |x| leaves no bits for a fraction; larger numbers, and NaN, are whole already. */
LANES_FN vf math_round(vf x) {
    vf a = math_abs(x), whole = v_set(8388608.0f);
    vf t = math_signed(v_sub(v_add(a, whole), whole), x);
    return v_select(v_less(a, whole), t, x);
}
LANES_FN vf math_floor(vf x) {
    vf t = math_round(x);
    return v_select(v_less(x, t), v_sub(t, v_set(1)), t);
}
LANES_FN vf math_ceil(vf x) {
    vf t = math_round(x);
    return v_select(v_less(t, x), v_add(t, v_set(1)), t);
}
LANES_FN vf math_sign(vf x) {
    vf zero = v_set(0);
    vf below = v_select(v_less(x, zero), v_set(-1), x);
    return v_select(v_less(zero, x), v_set(1), below);
}
LANES_FN vf math_reciprocal(vf x) { return v_div(v_set(1), x); }
