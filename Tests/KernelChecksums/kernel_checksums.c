/* Every registered kernel over shapes around its tile and special values, in plain C, so that it
 * runs where Swift does not: cross-compiled for ARM, under an emulator, under sanitizers.
 *
 * Each kernel that the processor has must give its scalar twin's bits, and touch nothing past its
 * operands (which end at a page that nobody may touch, unless the argument is `unguarded`: QEMU's
 * vpmaskmov reads lanes that its mask leaves out). What the twins gave is summed up in a
 * checksum a family and printed; Tests/Golden/kernel-checksums.txt holds what every machine must
 * print. So equality is shown within a machine and across machines. The kernels that ran go to
 * standard error.
 *
 * CHECKLIST, adding a family: its cases here, its line in `families`, and the golden file anew
 * (make test-isa says how). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tandem_kernels.h>
#include <unistd.h>

/* ---- Memory that ends at a guard page ---- */

#define BUFFERS_MAX 16

static struct {
    void *mapping;
    size_t bytes;
} buffers[BUFFERS_MAX];
static size_t buffer_count;

static bool has_guards = true;

/* `bytes` bytes of 0xA5 before a page without access. */
static void *guarded(size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), usable = (bytes + page) / page * page;
    char *mapping = mmap(
        NULL, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0
    );
    if (mapping == MAP_FAILED || (has_guards && mprotect(mapping + usable, page, PROT_NONE)) ||
        buffer_count == BUFFERS_MAX) {
        fprintf(stderr, "no memory for a guarded buffer\n");
        exit(1);
    }
    memset(mapping, 0xA5, usable);
    buffers[buffer_count].mapping = mapping;
    buffers[buffer_count++].bytes = usable + page;
    return mapping + usable - bytes;
}

static void release(void) {
    while (buffer_count--) munmap(buffers[buffer_count].mapping, buffers[buffer_count].bytes);
    buffer_count = 0;
}

/* ---- Repeatable operands ---- */

static uint64_t state;

/* SplitMix64. */
static uint64_t next(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static const float specials[] = {
    0.0f, -0.0f, 1.0f, -1.0f, 0x1p-149f, -0x1p-149f, 0x1p-126f, 0x1.fffffep127f, -0x1.fffffep127f,
    88.7f, -103.9f, 0.625f, -0.625f, 0.9375f, 4.0f, 0x1.6a09e6p-1f, 1e-30f, 1e30f, 127.0f, -9.02f,
    1048577.0f, 8388608.0f, 2.5f, -3.5f, __builtin_inff(), -__builtin_inff(), __builtin_nanf(""),
};

/* In [-2, 2); one in eight is special if `special`. */
static float *floats(size_t count, bool special) {
    float *x = guarded(count * sizeof *x);
    for (size_t i = 0; i < count; i++) {
        uint64_t r = next();
        x[i] = (float)((int64_t)r >> 40) * 0x1p-22f;
        if (special && r % 8 == 0) x[i] = specials[(r >> 8) % (sizeof specials / sizeof *specials)];
    }
    return x;
}

static int8_t *bytes(size_t count, int least) {
    int8_t *x = guarded(count);
    for (size_t i = 0; i < count; i++)
        x[i] = (int8_t)(least + (int)((next() >> 33) % (uint64_t)(128 - least)));
    return x;
}

static int32_t *ids(size_t count, size_t below) {
    int32_t *x = guarded(count * sizeof *x);
    for (size_t i = 0; i < count; i++) x[i] = (int32_t)((next() >> 33) % below);
    return x;
}

/* Rows of an int8 table, of which each ends with its scale. */
static int8_t *scaled_rows(size_t count, size_t dim, const int8_t *rows, const float *scales) {
    size_t row_bytes = dim + sizeof *scales;
    int8_t *x = guarded(count * row_bytes);
    for (size_t i = 0; i < count; i++) {
        memcpy(x + i * row_bytes, rows + i * dim, dim);
        memcpy(x + i * row_bytes + dim, scales + i, sizeof *scales);
    }
    return x;
}

/* ---- Cases: number `c` of a family by one of its kernels; false when there are no more ---- */

/* What a case wrote, to be compared and summed up. */
static struct output {
    void *base;
    size_t bytes;
    bool is_float;
} out;

static float *results(size_t count) {
    out.bytes = count * sizeof(float);
    out.is_float = true;
    return out.base = guarded(out.bytes);
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const size_t few[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 23, 53};
static const size_t wide[] = {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 101};
static const size_t deep[] = {0, 1, 3, 4, 5, 7, 8, 9, 12, 37};

/* Every pair of rows and columns, each with another depth than its neighbours; false past the
 * end. */
static bool shape(size_t c, size_t *m, size_t *n, size_t *k) {
    if (c >= 2 * COUNT(few) * COUNT(wide)) return false;
    *m = few[c % COUNT(few)];
    *n = wide[c / COUNT(few) % COUNT(wide)];
    *k = deep[(c % COUNT(few) + 3 * (c / COUNT(few))) % COUNT(deep)];
    return true;
}

static bool f32_gemm(size_t kernel, size_t c) {
    size_t m, n, k, packed_bytes;
    if (!shape(c, &m, &n, &k) || !tandemk_f32_gemm_packed_bytes(n, k, &packed_bytes)) return false;
    bool special = c % 3 == 0;
    float *a = floats(m * k, special), *w = floats(n * k, special), *bias = floats(n, special);
    void *packed = guarded(packed_bytes);
    tandemk_f32_gemm_pack(n, k, w, packed);
    tandemk_f32_gemm_at(kernel).run(
        m, n, k, a, k, packed, c % 2 ? bias : NULL, results(m * (n + 2)), n + 2,
        c % 5 ? TANDEMK_ACTIVATION_NONE : TANDEMK_ACTIVATION_RELU
    );
    return true;
}

/* All shapes with floats as results, and then with bytes; in some, rows have one grid. */
static bool qd8_f32_qc8w_gemm(size_t kernel, size_t c) {
    const size_t shapes = 2 * COUNT(few) * COUNT(wide);
    const bool are_bytes = c >= shapes;
    size_t m, n, k, packed_bytes;
    if (!shape(are_bytes ? c - shapes : c, &m, &n, &k)
        || !tandemk_qd8_f32_qc8w_gemm_packed_bytes(n, k, &packed_bytes))
        return false;
    size_t lda = tandemk_qd8_stride(k);
    int8_t *a = bytes(m * lda, -128), *w = bytes(n * k, -128);
    float *row_scales = floats(m, c % 3 == 0), *scales = floats(n, c % 3 == 0);
    float *bias = floats(n, c % 3 == 0);
    tandemk_qd8_row *rows = guarded(m * sizeof *rows);
    for (size_t i = 0; i < m; i++) {
        rows[i] = (tandemk_qd8_row){row_scales[i], i % 2 ? -128 : 0, 0};
        if (are_bytes && c % 2) rows[i] = (tandemk_qd8_row){row_scales[0], -128, 0};
        for (size_t l = 0; l < lda; l++) {
            if (l >= k) a[i * lda + l] = 0;
            rows[i].sum += a[i * lda + l];
        }
    }
    void *packed = guarded(packed_bytes);
    tandemk_qd8_f32_qc8w_gemm_pack(n, k, w, scales, packed);
    tandemk_activation activation = c % 5 ? TANDEMK_ACTIVATION_NONE : TANDEMK_ACTIVATION_RELU;
    size_t ldq = tandemk_qd8_stride(n) + 4;
    tandemk_qs8_rows to = {0.013f, c % 3 ? -128 : (int32_t)(c % 256) - 128, NULL, ldq, NULL};
    if (are_bytes) {
        out = (struct output){guarded(m * (ldq + sizeof *to.rows)), m * (ldq + sizeof *to.rows), 0};
        to.q = out.base;
        to.rows = (void *)(to.q + m * ldq);
    }
    tandemk_qd8_f32_qc8w_gemm_at(kernel).run(
        m, n, k, a, lda, rows, packed, c % 2 ? bias : NULL,
        are_bytes ? NULL : results(m * (n + 2)), n + 2, activation, are_bytes ? &to : NULL
    );
    return true;
}

static bool f32_qd8_quantize(size_t kernel, size_t c) {
    if (c >= 3 * COUNT(wide)) return false;
    size_t m = 5, k = wide[c % COUNT(wide)], ldq = tandemk_qd8_stride(k) + 4;
    /* What NaN and infinity become is not promised. */
    float *x = floats(m * k, false);
    for (size_t i = 0; i < m * k; i++) {
        if (c / COUNT(wide) == 1) x[i] *= i % 7 ? 0x1p-120f : 0x1p-20f;
        if (c / COUNT(wide) == 2) x[i] = x[i] > 0 ? x[i] : 0;
    }
    out = (struct output){guarded(m * (ldq + sizeof(tandemk_qd8_row))), 0, false};
    out.bytes = m * (ldq + sizeof(tandemk_qd8_row));
    int8_t *q = out.base;
    tandemk_qd8_row rows[5];
    tandemk_f32_qd8_quantize_at(kernel).run(m, k, x, k, c % 2 ? x : NULL, q, ldq, rows);
    memcpy(q + m * ldq, rows, sizeof rows);
    return true;
}

static bool f32_qs8_quantize(size_t kernel, size_t c) {
    if (c >= 3 * COUNT(wide)) return false;
    size_t m = 5, k = wide[c % COUNT(wide)], ldq = tandemk_qd8_stride(k) + 4;
    int32_t zero = (int32_t)(c * 37 % 256) - 128;
    float *x = floats(m * k, true);
    out = (struct output){guarded(m * (ldq + sizeof(tandemk_qd8_row))), 0, false};
    out.bytes = m * (ldq + sizeof(tandemk_qd8_row));
    int8_t *q = out.base;
    tandemk_qd8_row rows[5];
    tandemk_f32_qs8_quantize_at(kernel).run(
        m, k, x, k, c % 2 ? x : NULL, 0.011f, zero, q, ldq, rows
    );
    memcpy(q + m * ldq, rows, sizeof rows);
    return true;
}

static bool f32_vunary(size_t kernel, size_t c) {
    if (c >= TANDEMK_UNARY_COUNT * COUNT(wide)) return false;
    size_t n = wide[c % COUNT(wide)] * 7;
    float *x = floats(2 * n, true);
    for (size_t i = 0; i < 2 * n; i += 3) x[i] *= 40;
    tandemk_f32_vunary_at(kernel).run(
        (tandemk_unary)(c / COUNT(wide)), 2, n, x, n, results(2 * (n + 1)), n + 1
    );
    return true;
}

static bool f32_vbinary(size_t kernel, size_t c) {
    if (c >= TANDEMK_BINARY_COUNT * COUNT(wide) * 4) return false;
    size_t m = 3, n = wide[c % COUNT(wide)];
    size_t a_step = c / COUNT(wide) % 2, b_step = c / COUNT(wide) / 2 % 2;
    float *x = floats(m * (n + 1), true), *y = floats(m * (n + 1), true);
    tandemk_operand a = {x, a_step ? n : 1, a_step}, b = {y, b_step ? n : 1, b_step};
    tandemk_f32_vbinary_at(kernel).run(
        (tandemk_binary)(c / COUNT(wide) / 4), m, n, a, b, results(m * (n + 2)), n + 2
    );
    return true;
}

static bool x8_copy(size_t kernel, size_t c) {
    if (c >= COUNT(wide)) return false;
    size_t m = 3, n = wide[c];
    int8_t *x = bytes(m * (n + 1), -128);
    out = (struct output){guarded(m * (n + 3)), m * (n + 3), false};
    tandemk_x8_copy_at(kernel).run(m, n, x, n + 1, out.base, n + 3);
    return true;
}

static bool f32_gather(size_t kernel, size_t c) {
    if (c >= COUNT(wide)) return false;
    size_t m = 40, dim = wide[c], vocabulary = 23;
    tandemk_f32_gather_at(kernel).run(
        m, dim, vocabulary, floats(vocabulary * dim, true), ids(2 * m, vocabulary), 2,
        results(m * (dim + 1)), dim + 1
    );
    return true;
}

static bool qr8_f32_gather(size_t kernel, size_t c) {
    if (c >= COUNT(wide)) return false;
    size_t m = 40, dim = wide[c], vocabulary = 23;
    int8_t *table = bytes(vocabulary * dim, -128);
    float *scales = floats(vocabulary, true);
    /* Both forms of a table give the same; they take turns here and below. */
    bool is_scaled = c % 2;
    if (is_scaled) table = scaled_rows(vocabulary, dim, table, scales);
    tandemk_qr8_f32_gather_at(kernel).run(
        m, dim, vocabulary, table, is_scaled ? NULL : scales, ids(2 * m, vocabulary), 2,
        results(m * (dim + 1)), dim + 1
    );
    return true;
}

static bool f32_pool(size_t kernel, size_t c) {
    if (c >= 2 * COUNT(wide)) return false;
    size_t m = 9, dim = wide[c / 2], vocabulary = 23, most = 20;
    tandemk_f32_pool_at(kernel).run(
        (tandemk_pool)(c % 2), m, dim, vocabulary, floats(vocabulary * dim, true),
        ids(m * most, vocabulary), most, ids(m, most + 1), results(m * (dim + 1)), dim + 1
    );
    return true;
}

static bool qr8_f32_pool(size_t kernel, size_t c) {
    if (c >= 2 * COUNT(wide)) return false;
    size_t m = 9, dim = wide[c / 2], vocabulary = 23, most = 20;
    int8_t *table = bytes(vocabulary * dim, -128);
    float *scales = floats(vocabulary, true);
    bool is_scaled = c / 2 % 2;
    if (is_scaled) table = scaled_rows(vocabulary, dim, table, scales);
    tandemk_qr8_f32_pool_at(kernel).run(
        (tandemk_pool)(c % 2), m, dim, vocabulary, table, is_scaled ? NULL : scales,
        ids(m * most, vocabulary), most, ids(m, most + 1), results(m * (dim + 1)), dim + 1
    );
    return true;
}

static bool f32_softmax(size_t kernel, size_t c) {
    if (c >= 2 * COUNT(wide)) return false;
    size_t m = 4, n = wide[c / 2];
    float *x = floats(m * n, c % 2);
    for (size_t i = 0; i < m * n; i += 2) x[i] *= 20;
    tandemk_f32_softmax_at(kernel).run(m, n, x, n, results(m * (n + 1)), n + 1);
    return true;
}

static bool f32_layer_norm(size_t kernel, size_t c) {
    if (c >= 2 * COUNT(wide)) return false;
    size_t m = 6, n = wide[c / 2];
    tandemk_f32_layer_norm_at(kernel).run(
        m, n, floats(m * n, c % 2), n, c % 3 ? floats(m * n, c % 2) : NULL, n, floats(n, c % 2),
        floats(n, c % 2), 1e-5f, results(m * (n + 1)), n + 1
    );
    return true;
}

static bool f32_attention_weights(size_t kernel, size_t c) {
    if (c >= 6 * COUNT(wide)) return false;
    size_t m = 6, n = wide[c / 6], form = c % 3;
    float *x = floats(m * n, c % 2), *both = results(m * n + m);
    for (size_t i = 0; i < m * n; i++) both[i] = i % 2 ? x[i] * 40 : x[i];
    tandemk_operand mask = {floats(m * n + 1, c % 2), form == 1 ? 1 : n, form != 1};
    tandemk_f32_attention_weights_at(kernel).run(
        m, n, 0.7f, form ? &mask : NULL, both, n, both + m * n
    );
    return true;
}

static bool f32_mixture(size_t kernel, size_t c) {
    if (c >= 5 * COUNT(wide)) return false;
    size_t m = 6, dim = wide[c / 5], count = c % 5;
    float *values = floats(m * count * dim, true);
    tandemk_rows *experts = guarded(count * sizeof *experts);
    for (size_t e = 0; e < count; e++) experts[e] = (tandemk_rows){values + e * dim, count * dim};
    size_t sums = c % 6;
    tandemk_mixture *mixtures = guarded(sums * sizeof *mixtures);
    float *gates = floats(m * count * sums, true), *out = results(sums * m * (dim + 1));
    for (size_t s = 0; s < sums; s++)
        mixtures[s] = (tandemk_mixture
        ){gates + s * count, count * sums, out + s * m * (dim + 1), dim + 1};
    tandemk_f32_mixture_at(kernel).run(m, dim, count, experts, sums, mixtures);
    return true;
}

static bool f32_lstm_cell(size_t kernel, size_t c) {
    if (c >= 2 * COUNT(wide)) return false;
    size_t m = 5, n = wide[c / 2];
    float *start = floats(m * n, c % 2), *both = results(2 * m * n);
    memcpy(both, start, m * n * sizeof *both); /* The cell is read and written. */
    tandemk_f32_lstm_cell_at(kernel).run(
        m, n, floats(m * (4 * n + 1), c % 2), 4 * n + 1, floats(m * 4 * n, c % 2), 4 * n, both,
        both + m * n
    );
    return true;
}

static bool qr8_f32_lstm_cell(size_t kernel, size_t c) {
    if (c >= 2 * COUNT(wide)) return false;
    size_t m = 5, n = wide[c / 2], vocabulary = 23;
    float *start = floats(m * n, c % 2), *both = results(2 * m * n);
    memcpy(both, start, m * n * sizeof *both);
    int8_t *table = bytes(vocabulary * 4 * n, -128);
    float *scales = floats(vocabulary, c % 2);
    bool is_scaled = c / 2 % 2;
    if (is_scaled) table = scaled_rows(vocabulary, 4 * n, table, scales);
    tandemk_qr8_f32_lstm_cell_at(kernel).run(
        m, n, vocabulary, table, is_scaled ? NULL : scales, ids(2 * m, vocabulary), 2,
        floats(m * (4 * n + 1), c % 2), 4 * n + 1, both, both + m * n
    );
    return true;
}

static bool f32_gru_cell(size_t kernel, size_t c) {
    if (c >= 2 * COUNT(wide)) return false;
    size_t m = 5, n = wide[c / 2];
    float *start = floats(m * n, c % 2), *h = results(m * n);
    memcpy(h, start, m * n * sizeof *h); /* The state is read and written. */
    tandemk_f32_gru_cell_at(kernel).run(
        m, n, floats(m * (3 * n + 1), c % 2), 3 * n + 1, floats(m * 3 * n, c % 2), 3 * n, h
    );
    return true;
}

static bool qr8_f32_gru_cell(size_t kernel, size_t c) {
    if (c >= 2 * COUNT(wide)) return false;
    size_t m = 5, n = wide[c / 2], vocabulary = 23;
    float *start = floats(m * n, c % 2), *h = results(m * n);
    memcpy(h, start, m * n * sizeof *h);
    int8_t *table = bytes(vocabulary * 3 * n, -128);
    float *scales = floats(vocabulary, c % 2);
    bool is_scaled = c / 2 % 2;
    if (is_scaled) table = scaled_rows(vocabulary, 3 * n, table, scales);
    tandemk_qr8_f32_gru_cell_at(kernel).run(
        m, n, vocabulary, table, is_scaled ? NULL : scales, ids(2 * m, vocabulary), 2,
        floats(m * (3 * n + 1), c % 2), 3 * n + 1, h
    );
    return true;
}

/* ---- The families ---- */

typedef struct family {
    const char *name;
    size_t (*count)(void);
    tandemk_isa (*isa)(size_t);
    const char *(*kernel)(size_t);
    bool (*run)(size_t kernel, size_t c);
} family;

#define FOR_FAMILIES(DO)                                                                       \
    DO(f32_gemm) DO(qd8_f32_qc8w_gemm) DO(f32_qd8_quantize) DO(f32_qs8_quantize)               \
    DO(f32_vunary) DO(f32_vbinary) DO(x8_copy) DO(f32_gather) DO(qr8_f32_gather)               \
    DO(f32_pool) DO(qr8_f32_pool)                                                              \
    DO(f32_softmax) DO(f32_attention_weights) DO(f32_layer_norm) DO(f32_mixture)               \
    DO(f32_lstm_cell) DO(qr8_f32_lstm_cell) DO(f32_gru_cell) DO(qr8_f32_gru_cell)

#define ACCESSORS(it)                                                                          \
    static tandemk_isa it##_isa(size_t i) { return tandemk_##it##_at(i).isa; }                 \
    static const char *it##_kernel(size_t i) { return tandemk_##it##_at(i).name; }
FOR_FAMILIES(ACCESSORS)
#define ENTRY(it) {#it, tandemk_##it##_count, it##_isa, it##_kernel, it},
static const family families[] = {FOR_FAMILIES(ENTRY)};

/* ---- Comparing ---- */

/* Runs a case into `out`, every NaN the same one; false when there is no such case. */
static bool run_case(const family *one, size_t kernel, size_t c) {
    state = c * 1000003;
    if (!one->run(kernel, c)) return false;
    for (size_t i = 0; out.is_float && i < out.bytes / sizeof(float); i++) {
        float x;
        memcpy(&x, (char *)out.base + i * sizeof x, sizeof x);
        if (x != x) x = __builtin_nanf("");
        memcpy((char *)out.base + i * sizeof x, &x, sizeof x);
    }
    return true;
}

/* FNV-1a. */
static uint64_t summed(uint64_t sum, const unsigned char *p, size_t count) {
    for (size_t i = 0; i < count; i++) sum = (sum ^ p[i]) * 0x100000001B3u;
    return sum;
}

/* Whether all runnable kernels of a family give the twin's bits; prints its checksum. */
static bool check(const family *one) {
    uint64_t sum = 0xCBF29CE484222325u;
    size_t twin = one->count() - 1, cases = 0, faults = 0;
    for (; run_case(one, twin, cases); cases++) {
        sum = summed(sum, out.base, out.bytes);
        void *expected = malloc(out.bytes + 1);
        if (expected) memcpy(expected, out.base, out.bytes);
        release();
        for (size_t kernel = 0; kernel < twin; kernel++) {
            if ((one->isa(kernel) & tandemk_isa_probed()) != one->isa(kernel)) continue;
            run_case(one, kernel, cases);
            if (!expected || memcmp(expected, out.base, out.bytes)) {
                if (faults++ < 5)
                    fprintf(stderr, "%s: case %zu differs\n", one->kernel(kernel), cases);
            }
            release();
        }
        free(expected);
    }
    release();
    printf("%-21s %5zu cases  %016llx\n", one->name, cases, (unsigned long long)sum);
    return !faults && cases;
}

int main(int argc, char **argv) {
    has_guards = argc < 2 || strcmp(argv[1], "unguarded");
    bool good = true;
    for (size_t i = 0; i < COUNT(families); i++) {
        for (size_t kernel = 0; kernel < families[i].count(); kernel++)
            if ((families[i].isa(kernel) & tandemk_isa_probed()) == families[i].isa(kernel))
                fprintf(stderr, "ran %s\n", families[i].kernel(kernel));
        good &= check(&families[i]);
    }
    return good ? 0 : 1;
}
