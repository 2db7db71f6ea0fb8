/* A family's register as a table, its accessors, and the choice: what TANDEMK_FAMILY declares. A
 * family's table.c defines FAMILY and REGISTER, the path of its .inc from here, and includes this.
 *
 * A register has lines TANDEMK_KERNEL(family, kernel, isa), meaning the function
 * tandemk_<family>_<kernel>. It is included twice: to declare the kernels, and as the table's
 * entries. The constructor chooses before main(), on one thread, so that reading the choice later
 * needs no barrier. */
#pragma once

#include "register.h"

#define PASTE(a, b, c) a##b##c
#define NAMED(before, family, after) PASTE(before, family, after)
#define OWN(after) NAMED(tandemk_, FAMILY, after)

#define TANDEMK_KERNEL(family, kernel, isa) \
    tandemk_##family##_fn tandemk_##family##_##kernel;
#include REGISTER
#undef TANDEMK_KERNEL

static const OWN(_kernel) kernels[] = {
#define TANDEMK_KERNEL(family, kernel, isa) \
    {#family "_" #kernel, isa, tandemk_##family##_##kernel},
#include REGISTER
#undef TANDEMK_KERNEL
};

static size_t chosen;
/* The chosen kernel. */
static OWN(_fn) *run;

size_t OWN(_count)(void) { return sizeof kernels / sizeof kernels[0]; }

size_t OWN(_chosen)(void) { return chosen; }

OWN(_kernel) OWN(_at)(size_t index) {
    assert(index < sizeof kernels / sizeof kernels[0]);
    return kernels[index];
}

__attribute__((constructor)) static void choose(void) {
    while ((kernels[chosen].isa & tandemk_isa_active()) != kernels[chosen].isa) chosen++;
    run = kernels[chosen].run;
}
