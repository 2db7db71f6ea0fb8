/* Design: three streams at once.
 *
 * The crc32 instruction takes 3 cycles but can start every cycle, so one chain of it runs at a
 * third of what the processor can do. A long buffer is therefore cut into three runs of LANE bytes,
 * computed side by side and joined: the CRC of A followed by B is shift(crc(A), length of B) ^
 * crc(B), where shift multiplies by x^(8 length) modulo the polynomial. With a fixed LANE the shift
 * is linear in 32 bits, so four tables of 256 words do it in four look-ups. Source: Mark Adler,
 * crc32c.c, who describes this at stackoverflow.com/a/17646775. */
#include "tandem_crc32c.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82F63B78u /* 0x1EDC6F41, bits reversed */
#define LANE 4096

static uint32_t byte_table[8][256];
static uint32_t lane_table[4][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

/* crc after count zero bytes, without the inversions. */
static uint32_t after_zeros(uint32_t crc, size_t count) {
    for (size_t i = 0; i < count; i++)
        crc = byte_table[0][crc & 0xff] ^ (crc >> 8);
    return crc;
}

static void make_tables(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t crc = n;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
        byte_table[0][n] = crc;
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int k = 1; k < 8; k++)
            byte_table[k][n] =
                byte_table[0][byte_table[k - 1][n] & 0xff] ^ (byte_table[k - 1][n] >> 8);

    /* The shift is linear: from the images of the 32 single bits follow all others. */
    uint32_t image[32];
    for (int bit = 0; bit < 32; bit++)
        image[bit] = after_zeros(1u << bit, LANE);
    for (int byte = 0; byte < 4; byte++)
        for (uint32_t n = 0; n < 256; n++) {
            uint32_t sum = 0;
            for (int bit = 0; bit < 8; bit++)
                if (n >> bit & 1)
                    sum ^= image[byte * 8 + bit];
            lane_table[byte][n] = sum;
        }
}

static uint64_t word_at(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

uint32_t tandemsys_crc32c_table(uint32_t crc, const void *bytes, size_t count) {
    pthread_once(&tables_once, make_tables);
    const uint8_t *next = bytes;
    uint32_t c = ~crc;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word = word_at(next) ^ c;
        c = byte_table[7][word & 0xff] ^ byte_table[6][word >> 8 & 0xff]
            ^ byte_table[5][word >> 16 & 0xff] ^ byte_table[4][word >> 24 & 0xff]
            ^ byte_table[3][word >> 32 & 0xff] ^ byte_table[2][word >> 40 & 0xff]
            ^ byte_table[1][word >> 48 & 0xff] ^ byte_table[0][word >> 56];
    }
    for (; count > 0; count--, next++)
        c = byte_table[0][(c ^ *next) & 0xff] ^ (c >> 8);
    return ~c;
}

#if defined(__x86_64__) || (defined(__aarch64__) && defined(__ARM_FEATURE_CRC32))

#if defined(__x86_64__)
#include <nmmintrin.h>
#define HARDWARE __attribute__((target("sse4.2")))
#define CRC_WORD(c, word) ((uint32_t)_mm_crc32_u64((c), (word)))
#define CRC_BYTE(c, byte) _mm_crc32_u8((c), (byte))
static int has_instruction(void) { return __builtin_cpu_supports("sse4.2"); }
#else
#include <arm_acle.h>
#define HARDWARE
#define CRC_WORD(c, word) __crc32cd((c), (word))
#define CRC_BYTE(c, byte) __crc32cb((c), (byte))
static int has_instruction(void) { return 1; } /* the compiler was told so */
#endif

static uint32_t shift_by_lane(uint32_t crc) {
    return lane_table[0][crc & 0xff] ^ lane_table[1][crc >> 8 & 0xff]
        ^ lane_table[2][crc >> 16 & 0xff] ^ lane_table[3][crc >> 24];
}

HARDWARE static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *next, size_t count) {
    uint32_t c = ~crc;
    for (; count >= 3 * LANE; count -= 3 * LANE, next += 3 * LANE) {
        uint32_t c1 = 0, c2 = 0;
        for (size_t i = 0; i < LANE; i += 8) {
            c = CRC_WORD(c, word_at(next + i));
            c1 = CRC_WORD(c1, word_at(next + LANE + i));
            c2 = CRC_WORD(c2, word_at(next + 2 * LANE + i));
        }
        c = shift_by_lane(shift_by_lane(c) ^ c1) ^ c2;
    }
    for (; count >= 8; count -= 8, next += 8)
        c = CRC_WORD(c, word_at(next));
    for (; count > 0; count--, next++)
        c = CRC_BYTE(c, *next);
    return ~c;
}

uint32_t tandemsys_crc32c(uint32_t crc, const void *bytes, size_t count) {
    if (!has_instruction())
        return tandemsys_crc32c_table(crc, bytes, count);
    pthread_once(&tables_once, make_tables);
    return crc32c_hardware(crc, bytes, count);
}

#else

uint32_t tandemsys_crc32c(uint32_t crc, const void *bytes, size_t count) {
    return tandemsys_crc32c_table(crc, bytes, count);
}

#endif
