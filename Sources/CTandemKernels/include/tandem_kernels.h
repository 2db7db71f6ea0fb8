/* The kernels of Tandem: the only header that Swift sees.
 *
 * DESIGN. A *family* is one operation (`f32_gemm`), declared here once with its contract. Behind it
 * stand several *kernels*, one instruction set (ISA) and one tile a file, listed best first in the
 * family's register (`<family>/<family>.inc`). The register feeds the declarations, the dispatch
 * table, the tests and the benchmark, so that no kernel exists untested. Before main() runs, each
 * family takes the first kernel of its register whose ISA the processor has, and never changes it
 * again. TANDEM_FORCE_ISA=scalar, avx2, avxvnni or avx512vnni (on ARM scalar, neon, dotprod or
 * i8mm) lowers the ceiling.
 *
 * ONE RESULT. All kernels of a family give the same bits, and an output row depends on its own
 * input row only, never on m, on the tile it fell in, on its neighbours or on the thread:
 *   - every product that is added is one fused multiply-add, in scalar code too (fmaf); nothing
 *     else is contracted;
 *   - each output element has one documented order of additions. Where a row is summed (softmax,
 *     layer norm) there are sixteen partial sums, element j going to sum j mod 16, and then sum s
 *     takes sum s + 8, s + 4, s + 2, s + 1;
 *   - int8 products are summed exactly in int32. vpmaddubsw is not used: it adds two products in
 *     16 bits, and 255 * 127 + 255 * 127 = 64770 does not fit, so such a kernel would clip where
 *     its scalar twin does not;
 *   - exp, log, tanh, erf are our own polynomials, the same steps on 1, 4, 8 or 16 lanes.
 * A NaN comes out as a NaN, but its payload and sign are not promised. The code assumes the default
 * MXCSR: rounding to nearest, no flushing of denormals.
 *
 * NAMES follow XNNPACK's microkernel-naming-conventions: <types>_<operation>_<tile>__<isa>. Types:
 * f32; qd8: int8 rows quantised at run time, one scale a row; qs8: by
 * one scale that was measured before; qc8w: int8 weights, one scale an
 * output channel; qr8: an int8 table, one scale a row; x8: bytes of any type.
 *
 * ARGUMENTS. m rows, n columns (outputs), k reduced columns (inputs); a or x in, w weights, c, y or
 * out written. A leading dimension (lda, ldc) and a stride count elements from one row to the next;
 * stride 0 repeats one row. Any of m, n, k may be 0. Nothing is read or written outside the
 * elements named; padding between rows is left as it is. Pointers need the alignment of their
 * element only, except packed weights: 64 bytes. Outputs do not overlap inputs, except where "in
 * place" is said. Kernels cannot fail, allocate nothing, keep no state, and run on any thread; what
 * they require is asserted, and the caller has checked it when the model was opened.
 *
 * CHECKLIST, adding a kernel: (1) a file <family>/<family>_<tile>__<isa>.c, under 200 lines, whose
 * functions carry TANDEMK_TARGET_<ISA>; (2) a line in <family>.inc above those it beats; (3) swift
 * test --filter KernelTests: the tests read the register; (4) tandem-bench kernels: is the pick the
 * fastest?
 * Adding a family: its contract and TANDEMK_FAMILY line here, a folder with register, table.c and
 * scalar twin, its suite and its line of Register+Families.swift in Tests/KernelTests, its cases in
 * Tests/KernelChecksums, its shapes in tandem-bench. Adding an ISA: isa.c (probe, names), a bit
 * here, register.h (target), lanes/<isa>.h, and its processor in Tests/KernelChecksums/run.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define TANDEMK_NULLABLE _Nullable
#pragma clang assume_nonnull begin
#else
#define TANDEMK_NULLABLE
#endif

/* ---- Instruction sets ---- */

/* A set of instruction-set bits. Scalar is the empty set. AVX2 includes FMA; AVX512 is F, BW, DQ
 * and VL; AVXVNNI is the VEX encoding of AVX512VNNI's instruction, on processors without AVX-512.
 * NEON is what every 64-bit ARM processor has; DOTPROD and I8MM are optional there. */
typedef uint32_t tandemk_isa;
#define TANDEMK_ISA_SCALAR 0u
#define TANDEMK_ISA_AVX2 1u
#define TANDEMK_ISA_AVX512 2u
#define TANDEMK_ISA_AVX512VNNI 4u
#define TANDEMK_ISA_AVXVNNI 8u
#define TANDEMK_ISA_NEON 16u
#define TANDEMK_ISA_DOTPROD 32u
#define TANDEMK_ISA_I8MM 64u

/* What the processor and the system offer. */
tandemk_isa tandemk_isa_probed(void);

/* What the kernels were chosen from: the probed set, lowered by TANDEM_FORCE_ISA. */
tandemk_isa tandemk_isa_active(void);

/* The name of the best instruction set in `isa`, as TANDEM_FORCE_ISA spells it. A static string. */
const char *tandemk_isa_name(tandemk_isa isa);

/* One line on what is wrong with TANDEM_FORCE_ISA (unknown value, or more than the processor has)
 * and what is done instead, for the caller to print; null if all is well. A static string. */
const char *TANDEMK_NULLABLE tandemk_isa_override_problem(void);

/* The rule behind the two above: `probed` lowered to the set that `forced` names, or as it is if
 * `forced` is null, empty or unknown. Writes the problem, cut to `bytes` with its end, or an empty
 * string. */
tandemk_isa tandemk_isa_forced(
    tandemk_isa probed, const char *TANDEMK_NULLABLE forced, char *ret_problem, size_t bytes
);

/* Declares what each family has besides its function: the kernels of its register, best first,
 * scalar last (the count, one of them, and the index of the one that dispatch chose). `name` is
 * static. Calling `run` needs `isa` in the probed set. */
#define TANDEMK_FAMILY(family)                                     \
    typedef __typeof__(tandemk_##family) tandemk_##family##_fn;    \
    typedef struct tandemk_##family##_kernel {                     \
        const char *name;                                          \
        tandemk_isa isa;                                           \
        tandemk_##family##_fn *run;                                \
    } tandemk_##family##_kernel;                                   \
    size_t tandemk_##family##_count(void);                         \
    tandemk_##family##_kernel tandemk_##family##_at(size_t index); \
    size_t tandemk_##family##_chosen(void);

/* ---- Matrix products ---- */

/* Caps of both matrix products. With n and k within them a packed size cannot wrap, and with k at
 * most K_MAX an int32 sum of products cannot overflow: 65536 * 255 * 128 < 2^31. */
#define TANDEMK_N_MAX 16777216
#define TANDEMK_K_MAX 65536
/* Output columns in a panel of packed weights. */
#define TANDEMK_PANEL 16

/* Applied to each output of a matrix product. Relu is 0 > x ? 0 : x, so that -0 and NaN pass. */
typedef enum tandemk_activation {
    TANDEMK_ACTIVATION_NONE = 0,
    TANDEMK_ACTIVATION_RELU = 1,
} tandemk_activation;

/* The bytes of packed weights [n, k] in *ret_bytes; false, and nothing set, if n or k is over
 * its cap.
 * Layout: ceil(n / 16) panels of float [k][16]; columns from n on are zeros. */
bool tandemk_f32_gemm_packed_bytes(size_t n, size_t k, size_t *ret_bytes);

/* Packs w, float [n, k] row-major (a row an output), into `packed`, 64-byte aligned. Requires n, k
 * within the caps. */
void tandemk_f32_gemm_pack(size_t n, size_t k, const float *w, void *packed);

/* Packs w[j * output_stride + l * input_stride], j < n, l < k, likewise: any view of a matrix, such
 * as the right operand of a product whose both sides are computed. Allocates nothing. */
void tandemk_f32_gemm_pack_view(
    size_t n, size_t k, const float *w, size_t output_stride, size_t input_stride, void *packed
);

/* c[i][j] = activation(bias[j] + sum_l a[i][l] * w[j][l])
 * Order: starts from bias[j] (+0 without bias), then fma over l = 0, 1, ..., k - 1.
 * a: float [m, lda >= k].  packed: from tandemk_f32_gemm_pack.  bias: float [n] or null.
 * c: float [m, ldc >= n]. */
void tandemk_f32_gemm(
    size_t m, size_t n, size_t k, const float *a, size_t lda, const void *packed,
    const float *TANDEMK_NULLABLE bias, float *c, size_t ldc, tandemk_activation activation
);
TANDEMK_FAMILY(f32_gemm)

/* What the quantiser tells about a row of int8 activations; the products need all of it.
 * scale, zero: value = (q - zero) * scale; zero is the byte of 0, -128 where no value is negative.
 * sum: of the row's q, because packed int8 weights are stored as w + 128 (see below). */
typedef struct tandemk_qd8_row {
    float scale;
    int32_t zero;
    int32_t sum;
} tandemk_qd8_row;

/* Elements from one quantised row of k columns to the next at least: k rounded up to a multiple of
 * 4. */
static inline size_t tandemk_qd8_stride(size_t k) { return (k + 3) & ~(size_t)3; }

/* The bytes of packed int8 weights [n, k] in *ret_bytes; false, and nothing set, if n or k is over
 * its cap.
 * Layout: ceil(n / 16) panels of { float scale[16]; int32 sum[16]; uint8 [k4 / 4][16][4] }, k4 =
 * tandemk_qd8_stride(k), with bytes w + 128, the unsigned operand of vpdpbusd, and sum over k of w.
 * The activations stay signed, so that the instruction takes them from memory. In int32, exactly:
 *   sum (a - zero) * w = sum a * (w + 128) - 128 * sum a - zero * sum w
 * so a sum starts from the last two terms. Columns from n and rows from k on are w = 0. */
bool tandemk_qd8_f32_qc8w_gemm_packed_bytes(size_t n, size_t k, size_t *ret_bytes);

/* Packs w, int8 [n, k] row-major with a scale an output (value = w * scale), into `packed`, 64-byte
 * aligned. All of -128 to 127 is legal. Requires n, k within the caps. */
void tandemk_qd8_f32_qc8w_gemm_pack(
    size_t n, size_t k, const int8_t *w, const float *scale, void *packed
);

/* Where a product's results go as bytes of a grid that all rows share: that and `rows` as
 * tandemk_f32_qs8_quantize takes them.  q: int8 [m, ldq >= tandemk_qd8_stride(n)]. */
typedef struct tandemk_qs8_rows {
    float scale;
    int32_t zero;
    int8_t *q;
    size_t ldq;
    tandemk_qd8_row *rows;
} tandemk_qs8_rows;

/* c[i][j] = activation(
 *     fma((float)sum_l (a[i][l] - rows[i].zero) * w[j][l], rows[i].scale * scale[j], bias[j]))
 * The sum is exact in int32, its conversion and the product of the scales are rounded once, to
 * nearest even.
 * a: int8 [m, lda >= tandemk_qd8_stride(k)], zeros in columns k to stride - 1: as the quantiser
 * writes it.  rows: [m].  packed: from tandemk_qd8_f32_qc8w_gemm_pack.
 * bias: float [n] or null (+0).  c: float [m, ldc >= n].
 * bytes: null, or what is written instead of c, which may be null then: bit by bit what
 * tandemk_f32_qs8_quantize makes of c. */
void tandemk_qd8_f32_qc8w_gemm(
    size_t m, size_t n, size_t k, const int8_t *a, size_t lda, const tandemk_qd8_row *rows,
    const void *packed, const float *TANDEMK_NULLABLE bias, float *TANDEMK_NULLABLE c, size_t ldc,
    tandemk_activation activation, const tandemk_qs8_rows *TANDEMK_NULLABLE bytes
);
TANDEMK_FAMILY(qd8_f32_qc8w_gemm)

/* Quantises each row of v[i][j] = x[i][j] * factors[j] (x itself without factors) to 255 steps
 * between its own ends, 0 being one of them or between them:
 *   low = min(0, least v), high = max(0, largest v), scale = (high - low) / 255
 *   inverse = 255 / (high - low), bottom = round(low * inverse), zero = -128 - bottom
 *   q = min(max(round(v * inverse), bottom), bottom + 255) + zero, rounding to nearest even.
 * What is rounded is the product with the inverse, and not v / scale, because the two differ: for
 * ends 0 and 113 and v = 0.6647059f the product is 1.4999999, which goes to 1, and the quotient
 * 1.5, which goes to 2. If both ends lie in the middle of two steps, the upper one is cut off by
 * one step. A row without a magnitude of 2^-100 becomes scale 0 and all zeros (the inverse of the
 * smallest would not be finite). NaN and infinity are refused upstream, and so is a difference of
 * the ends that is not finite; here they do no harm, but their row is meaningless.
 * x: float [m, ldx >= k].  factors: float [k] or null.  q: int8 [m, ldq >= tandemk_qd8_stride(k)],
 * columns k to stride - 1 zeroed.  rows: [m], written. */
void tandemk_f32_qd8_quantize(
    size_t m, size_t k, const float *x, size_t ldx, const float *TANDEMK_NULLABLE factors,
    int8_t *q, size_t ldq, tandemk_qd8_row *rows
);
TANDEMK_FAMILY(f32_qd8_quantize)

/* The same by a scale and a zero that all rows share:
 *   inverse = 1 / scale, bottom = -128 - zero
 *   q = min(max(round(v * inverse), bottom), bottom + 255) + zero, rounding to nearest even
 * and each of `rows` gets that scale and zero. What lies beyond the ends becomes the nearest of
 * them; a NaN becomes the lowest byte. Requires scale at least 2^-100 and finite, zero in -128 to
 * 127. */
void tandemk_f32_qs8_quantize(
    size_t m, size_t k, const float *x, size_t ldx, const float *TANDEMK_NULLABLE factors,
    float scale, int32_t zero, int8_t *q, size_t ldq, tandemk_qd8_row *rows
);
TANDEMK_FAMILY(f32_qs8_quantize)

/* ---- Element by element ---- */

/* The largest errors, over all finite floats unless said, in units of the last place of the result
 * (ULP), are stated at each and measured by Tests/KernelTests. */
typedef enum tandemk_unary {
    TANDEMK_UNARY_NEGATE = 0,
    TANDEMK_UNARY_ABS = 1,
    TANDEMK_UNARY_RELU = 2,    /* 0 > x ? 0 : x */
    TANDEMK_UNARY_SQRT = 3,    /* Correctly rounded. */
    TANDEMK_UNARY_EXP = 4,     /* 1.1 ULP, denormal results included. */
    TANDEMK_UNARY_LOG = 5,     /* 1 ULP; -inf at 0, NaN below. */
    TANDEMK_UNARY_SIGMOID = 6, /* 2.5 ULP. */
    TANDEMK_UNARY_TANH = 7,    /* 1.5 ULP. */
    TANDEMK_UNARY_ERF = 8,     /* 1.5 ULP. */
    /* x / 2 * (1 + erf(x / sqrt 2)); 1e-7 * max(1, |x|) absolute. */
    TANDEMK_UNARY_GELU_ERF = 9,
    /* x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))); error as above. */
    TANDEMK_UNARY_GELU_TANH = 10,
    /* 1e-7 absolute for |x| <= 2^20; the phase of larger ones is known less and less. */
    TANDEMK_UNARY_SIN = 11,
    TANDEMK_UNARY_COS = 12,
    TANDEMK_UNARY_FLOOR = 13,
    TANDEMK_UNARY_CEIL = 14,
    TANDEMK_UNARY_ROUND = 15, /* Halves to even. */
    TANDEMK_UNARY_SIGN = 16,  /* -1, 1, or x itself where it is 0 or NaN. */
    TANDEMK_UNARY_RECIPROCAL = 17,
} tandemk_unary;
#define TANDEMK_UNARY_COUNT 18

/* y[i][j] = operation(x[i][j])
 * x: float [m, ldx].  y: float [m, ldy >= n]; may be x with ldy == ldx (in place). */
void tandemk_f32_vunary(
    tandemk_unary operation, size_t m, size_t n, const float *x, size_t ldx, float *y, size_t ldy
);
TANDEMK_FAMILY(f32_vunary)

typedef enum tandemk_binary {
    TANDEMK_BINARY_ADD = 0,
    TANDEMK_BINARY_SUBTRACT = 1,
    TANDEMK_BINARY_MULTIPLY = 2,
    TANDEMK_BINARY_DIVIDE = 3,
    TANDEMK_BINARY_MINIMUM = 4, /* a < b ? a : b; NaN where either is. */
    TANDEMK_BINARY_MAXIMUM = 5, /* a > b ? a : b; NaN where either is. */
} tandemk_binary;
#define TANDEMK_BINARY_COUNT 6

/* One operand of rows: row i, column j is base[i * stride + j * step]. stride 0 repeats one row;
 * step is 1, or 0 to repeat the row's one column. */
typedef struct tandemk_operand {
    const float *base;
    size_t stride;
    size_t step;
} tandemk_operand;

/* c[i][j] = a[i][j] operation b[i][j]
 * c: float [m, ldc >= n]; may be an operand of equal stride and step 1 (in place). */
void tandemk_f32_vbinary(
    tandemk_binary operation, size_t m, size_t n, tandemk_operand a, tandemk_operand b, float *c,
    size_t ldc
);
TANDEMK_FAMILY(f32_vbinary)

/* Copies m rows of `bytes` bytes. Strides in bytes. x and y do not overlap. */
void tandemk_x8_copy(
    size_t m, size_t bytes, const void *x, size_t x_stride, void *y, size_t y_stride
);
TANDEMK_FAMILY(x8_copy)

/* ---- Embeddings ---- */

/* Asks the caches for the table rows that m ids name, ids[i * id_stride], row_bytes each. A hint:
 * no result depends on it, so it is no family. An id outside the vocabulary asks for nothing. */
void tandemk_prefetch_rows(
    size_t m, size_t row_bytes, size_t vocabulary, const void *table, const int32_t *ids,
    size_t id_stride
);

/* out[i][:] = table[ids[i * id_stride]][:]
 * table: float [vocabulary, dim].  ids: int32, each 0 <= id < vocabulary, or the program ends.
 * out: float [m, ldo >= dim]. */
void tandemk_f32_gather(
    size_t m, size_t dim, size_t vocabulary, const float *table, const int32_t *ids,
    size_t id_stride, float *out, size_t ldo
);
TANDEMK_FAMILY(f32_gather)

/* out[i][j] = (float)table[id][j] * scale[id], id = ids[i * id_stride]; as above, with
 * table: int8 [vocabulary, dim].  scale: float [vocabulary]; or null, where each row ends with its
 * scale: table int8 [vocabulary, dim + 4], the last four bytes a float that needs no alignment. */
void tandemk_qr8_f32_gather(
    size_t m, size_t dim, size_t vocabulary, const int8_t *table,
    const float *TANDEMK_NULLABLE scale, const int32_t *ids, size_t id_stride, float *out,
    size_t ldo
);
TANDEMK_FAMILY(qr8_f32_gather)

/* How a row's embeddings become one. The mean is the sum divided by the length, one division an
 * element. */
typedef enum tandemk_pool {
    TANDEMK_POOL_SUM = 0,
    TANDEMK_POOL_MEAN = 1,
} tandemk_pool;

/* out[i][:] = sum or mean over p < lengths[i] of table[ids[i][p]][:]; zeros where the length is 0.
 * Order: from +0, added by position p = 0, 1, ...
 * table: float [vocabulary, dim].  lengths: int32 [m], 0 <= length <= ld_ids, or the program ends.
 * ids: int32 [m, ld_ids], those before the length 0 <= id < vocabulary, or the program ends; the
 * others are not read.  out: float [m, ldo >= dim]. */
void tandemk_f32_pool(
    tandemk_pool mode, size_t m, size_t dim, size_t vocabulary, const float *table,
    const int32_t *ids, size_t ld_ids, const int32_t *lengths, float *out, size_t ldo
);
TANDEMK_FAMILY(f32_pool)

/* The same from an int8 table with a scale a row, or null, as for the gather: from +0,
 * fma((float)table[id][j], scale[id], sum) by position. */
void tandemk_qr8_f32_pool(
    tandemk_pool mode, size_t m, size_t dim, size_t vocabulary, const int8_t *table,
    const float *TANDEMK_NULLABLE scale, const int32_t *ids, size_t ld_ids,
    const int32_t *lengths, float *out, size_t ldo
);
TANDEMK_FAMILY(qr8_f32_pool)

/* ---- Rows ---- */

/* y[i][j] = exp(x[i][j] - max) / sum, max over row i, sum of the exps in the striped order above. A
 * row of -infinity, or with NaN or infinity, gives NaN.
 * x: float [m, ldx].  y: float [m, ldy >= n]; may be x with ldy == ldx (in place). */
void tandemk_f32_softmax(size_t m, size_t n, const float *x, size_t ldx, float *y, size_t ldy);
TANDEMK_FAMILY(f32_softmax)

/* y[i][j] = fma((v[i][j] - mean) * r, gamma[j], beta[j]), r = 1 / sqrt(variance + epsilon), v = x +
 * addend (x itself without addend); mean and variance (of the differences from the mean, over n,
 * not n - 1) in the striped order above.
 * x: float [m, ldx].  addend: float [m, lda] or null.  gamma, beta: float [n].
 * y: float [m, ldy >= n]; may be x with ldy == ldx (in place). */
void tandemk_f32_layer_norm(
    size_t m, size_t n, const float *x, size_t ldx, const float *TANDEMK_NULLABLE addend,
    size_t lda, const float *gamma, const float *beta, float epsilon, float *y, size_t ldy
);
TANDEMK_FAMILY(f32_layer_norm)

/* What attention weighs values by, before these numbers are divided by their sum; that is left to
 * the product with the values, which has fewer columns:
 *   t = fma(x[i][j], scale, mask(i, j)), or x[i][j] * scale without mask
 *   x[i][j] = exp(t - max) over row i, 0 where t - max < -87; sums[i] = sum over j of x[i][j]
 * in the striped order above. A row of -infinity, or with NaN or infinity, has NaN in it and in its
 * sum. In place: x, float [m, ldx >= n].  mask: or null.  sums: float [m]. */
void tandemk_f32_attention_weights(
    size_t m, size_t n, float scale, const tandemk_operand *TANDEMK_NULLABLE mask, float *x,
    size_t ldx, float *sums
);
TANDEMK_FAMILY(f32_attention_weights)

/* Rows that begin at `base`, `stride` elements apart; stride 0 repeats one row. */
typedef struct tandemk_rows {
    const float *base;
    size_t stride;
} tandemk_rows;

/* One sum of experts: gates, float [m, ldg >= count] (ldg 0 repeats one row), and out, float
 * [m, ldo >= dim]. */
typedef struct tandemk_mixture {
    const float *gates;
    size_t ldg;
    float *out;
    size_t ldo;
} tandemk_mixture;

/* Of each of `sums` mixtures: out[i][:] = sum over e < count of gates[i][e] * experts[e][i][:]
 * Order: gates[i][0] * experts[0][i][j], then fma over e = 1, 2, ... Zeros where count is 0.
 * experts: [count], each of m rows of `dim`. */
void tandemk_f32_mixture(
    size_t m, size_t dim, size_t count, const tandemk_rows *experts, size_t sums,
    const tandemk_mixture *mixtures
);
TANDEMK_FAMILY(f32_mixture)

/* ---- Recurrence ---- */

/* One position of an LSTM. With g[q][j] = x[i][q * n + j] + products[i][q * n + j], the gates q
 * being input, output, forget, cell:
 *   c[i][j] = sigmoid(g[2][j]) * c[i][j] + sigmoid(g[0][j]) * tanh(g[3][j])
 *   h[i][j] = sigmoid(g[1][j]) * tanh(c[i][j])
 * Each product of a sigmoid is one division: with z(t) = exp(-t), |t| <= 40, sigmoid(s) * tanh(t)
 * is (1 - z(2t)) / ((1 + z(s)) * (1 + z(2t))). Within 4e-7 of the exact value for |c| <= 1, and
 * 4e-7 * |c| beyond: what matters to a state is absolute.
 * x: float [m, ldx >= 4n] (ldx 0 repeats one row).  products: float [m, ldp >= 4n].
 * c, h: float [m, n] without gaps; c is read and written, h written. */
void tandemk_f32_lstm_cell(
    size_t m, size_t n, const float *x, size_t ldx, const float *products, size_t ldp, float *c,
    float *h
);
TANDEMK_FAMILY(f32_lstm_cell)

/* The same where the inputs are rows of a table: x[i][:] is (float)table[id][:] * scale[id], id =
 * ids[i * id_stride], and product and sum with the products are one fused multiply-add.
 * table, scale: as for the gather, dim 4n.  ids: int32, each 0 <= id < vocabulary, or the program
 * ends. */
void tandemk_qr8_f32_lstm_cell(
    size_t m, size_t n, size_t vocabulary, const int8_t *table,
    const float *TANDEMK_NULLABLE scale, const int32_t *ids, size_t id_stride,
    const float *products, size_t ldp, float *c, float *h
);
TANDEMK_FAMILY(qr8_f32_lstm_cell)

/* One position of a GRU whose reset gate scales the state's product. With the gates q being update,
 * reset, hidden, and x and p as x and products of row i:
 *   z = sigmoid(x[j] + p[j]), r = sigmoid(x[n + j] + p[n + j])
 *   h[i][j] = (1 - z) * tanh(fma(r, p[2n + j], x[2n + j])) + z * h[i][j]
 * computed with one division for r and one for the rest. Within 6e-7 of the exact value for |h| <=
 * 1, and 6e-7 * |h| beyond.
 * x: float [m, ldx >= 3n] (ldx 0 repeats one row).  products: float [m, ldp >= 3n].
 * h: float [m, n] without gaps, read and written. */
void tandemk_f32_gru_cell(
    size_t m, size_t n, const float *x, size_t ldx, const float *products, size_t ldp, float *h
);
TANDEMK_FAMILY(f32_gru_cell)

/* The same where the inputs are rows of a table, as for the LSTM; the hidden gate's input is a
 * rounded product, since its sum is a fused multiply-add already.
 * table, scale: as there, dim 3n. */
void tandemk_qr8_f32_gru_cell(
    size_t m, size_t n, size_t vocabulary, const int8_t *table,
    const float *TANDEMK_NULLABLE scale, const int32_t *ids, size_t id_stride,
    const float *products, size_t ldp, float *h
);
TANDEMK_FAMILY(qr8_f32_gru_cell)

/* Tells the processor that a thread is waiting for another in a loop. */
static inline void tandemk_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* ---- Limits ---- */

/* What a core can do at most, for tandem-bench to hold the kernels against; no model runs these.
 * The arithmetic ones keep `rounds` rounds of independent sums in registers and return how many
 * operations that was, a multiply-add being two. What they sum goes to *ret_sink, so that no
 * compiler leaves it out. */

/* float multiply-adds. */
size_t tandemk_peak_f32(size_t rounds, float *ret_sink);
TANDEMK_FAMILY(peak_f32)

/* int8 multiply-adds into int32, exact: vpdpbusd, usmmla, sdot, or vpmaddwd and an addition. */
size_t tandemk_peak_int8(size_t rounds, int32_t *ret_sink);
TANDEMK_FAMILY(peak_int8)

/* The bitwise or of all 64-bit words from `base`, each read once in order.
 * base: 64-byte aligned.  bytes: a multiple of 256. */
uint64_t tandemk_peak_read(const void *base, size_t bytes);
TANDEMK_FAMILY(peak_read)

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
