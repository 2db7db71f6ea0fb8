/* What every file of kernels includes: the contracts, and the attribute that lets a function use an
 * instruction set which the rest of the program must do without. */
#pragma once

#include <assert.h>
#include <tandem_kernels.h>

#define TANDEMK_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define TANDEMK_TARGET_AVXVNNI __attribute__((target("avx2,fma,avxvnni")))
#define TANDEMK_TARGET_AVX512 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
#define TANDEMK_TARGET_AVX512VNNI \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
/* NEON is part of the base that every 64-bit ARM program is compiled for. */
#define TANDEMK_TARGET_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#define TANDEMK_TARGET_I8MM __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
