/* The probe: one bit set, asked once, lowered by TANDEM_FORCE_ISA.
 *
 * The first call comes from a family's constructor, before main() and on one thread; so there is no
 * lock. A value that we do not know, or that asks for more than the processor has, never stops the
 * program and never raises the ceiling: it is told by tandemk_isa_override_problem, and whoever has
 * a log prints it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem_kernels.h>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define SET_AVX512VNNI (TANDEMK_ISA_AVX2 | TANDEMK_ISA_AVX512 | TANDEMK_ISA_AVX512VNNI)
#define SET_I8MM (TANDEMK_ISA_NEON | TANDEMK_ISA_DOTPROD | TANDEMK_ISA_I8MM)

/* Best first. The `set` of a name is what it allows; it is spelt so in TANDEM_FORCE_ISA if
 * `forceable`. */
static const struct {
    const char *name;
    tandemk_isa key, set;
    bool forceable;
} names[] = {
    {"avx512vnni", TANDEMK_ISA_AVX512VNNI, SET_AVX512VNNI, true},
    {"avx512", TANDEMK_ISA_AVX512, TANDEMK_ISA_AVX2 | TANDEMK_ISA_AVX512, false},
    {"avxvnni", TANDEMK_ISA_AVXVNNI, TANDEMK_ISA_AVX2 | TANDEMK_ISA_AVXVNNI, true},
    {"avx2", TANDEMK_ISA_AVX2, TANDEMK_ISA_AVX2, true},
    {"i8mm", TANDEMK_ISA_I8MM, SET_I8MM, true},
    {"dotprod", TANDEMK_ISA_DOTPROD, TANDEMK_ISA_NEON | TANDEMK_ISA_DOTPROD, true},
    {"neon", TANDEMK_ISA_NEON, TANDEMK_ISA_NEON, true},
    {"scalar", TANDEMK_ISA_SCALAR, TANDEMK_ISA_SCALAR, true},
};
#define NAME_COUNT (sizeof names / sizeof names[0])

static tandemk_isa probed_set, active_set;
static char problem[192];

static tandemk_isa probe(void) {
    tandemk_isa isa = TANDEMK_ISA_SCALAR;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return isa;
    isa |= TANDEMK_ISA_AVX2;
    if (__builtin_cpu_supports("avxvnni")) isa |= TANDEMK_ISA_AVXVNNI;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return isa;
    isa |= TANDEMK_ISA_AVX512;
    if (__builtin_cpu_supports("avx512vnni")) isa |= TANDEMK_ISA_AVX512VNNI;
#elif defined(__aarch64__)
    isa |= TANDEMK_ISA_NEON;
    if (!(getauxval(AT_HWCAP) & HWCAP_ASIMDDP)) return isa;
    isa |= TANDEMK_ISA_DOTPROD;
    if (getauxval(AT_HWCAP2) & HWCAP2_I8MM) isa |= TANDEMK_ISA_I8MM;
#endif
    return isa;
}

tandemk_isa tandemk_isa_forced(
    tandemk_isa probed, const char *forced, char *ret_problem, size_t bytes
) {
    if (bytes) *ret_problem = 0;
    if (!forced || !*forced) return probed;
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (!names[i].forceable || strcmp(forced, names[i].name)) continue;
        tandemk_isa isa = probed & names[i].set;
        if (isa != names[i].set)
            snprintf(
                ret_problem, bytes, "TANDEM_FORCE_ISA=%s: this processor lacks it; using %s",
                forced, tandemk_isa_name(isa)
            );
        return isa;
    }
    snprintf(
        ret_problem, bytes,
        "TANDEM_FORCE_ISA=%.32s: not one of scalar, avx2, avxvnni, avx512vnni, neon, dotprod, "
        "i8mm; ignoring it and using %s",
        forced, tandemk_isa_name(probed)
    );
    return probed;
}

static void ask(void) {
    static bool asked;
    if (asked) return;
    asked = true;
    probed_set = probe();
    active_set =
        tandemk_isa_forced(probed_set, getenv("TANDEM_FORCE_ISA"), problem, sizeof problem);
}

tandemk_isa tandemk_isa_probed(void) {
    ask();
    return probed_set;
}

tandemk_isa tandemk_isa_active(void) {
    ask();
    return active_set;
}

const char *tandemk_isa_name(tandemk_isa isa) {
    size_t i = 0;
    while ((isa & names[i].key) != names[i].key) i++;
    return names[i].name;
}

const char *tandemk_isa_override_problem(void) {
    ask();
    return problem[0] ? problem : NULL;
}
