/* What a family's register and its table.c are made of; the header's TANDEMK_FAMILY says what comes
 * out.
 *
 * A register has lines TANDEMK_KERNEL(family, kernel, isa), meaning the function
 * tandemk_<family>_<kernel>. table.c includes it twice: once to declare the kernels, once as the
 * table's entries. The constructor chooses before main(), on one thread, so that reading the choice
 * later needs no barrier. */
#pragma once

#include <assert.h>
#include <tandem_kernels.h>

#define TANDEMK_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define TANDEMK_TARGET_AVX512 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
#define TANDEMK_TARGET_AVX512VNNI \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

#define TANDEMK_DECLARE(family, kernel, isa) tandemk_##family##_fn tandemk_##family##_##kernel;
#define TANDEMK_ENTRY(family, kernel, isa) {#family "_" #kernel, isa, tandemk_##family##_##kernel},

/* Defines the accessors of `family` over its table `kernels`, and `run`, the kernel chosen. */
#define TANDEMK_TABLE(family)                                                                 \
    static size_t chosen;                                                                     \
    static tandemk_##family##_fn *run;                                                        \
    size_t tandemk_##family##_count(void) { return sizeof kernels / sizeof kernels[0]; }      \
    size_t tandemk_##family##_chosen(void) { return chosen; }                                 \
    tandemk_##family##_kernel tandemk_##family##_at(size_t index) {                           \
        assert(index < sizeof kernels / sizeof kernels[0]);                                   \
        return kernels[index];                                                                \
    }                                                                                         \
    __attribute__((constructor)) static void choose(void) {                                   \
        while ((kernels[chosen].isa & tandemk_isa_active()) != kernels[chosen].isa) chosen++; \
        run = kernels[chosen].run;                                                            \
    }
