/* CRC-32C (Castagnoli): polynomial 0x1EDC6F41, reflected, initial value and final xor 0xFFFFFFFF;
 * the CRC of iSCSI (RFC 3720, appendix B.4) and ext4. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The CRC of count bytes that follow bytes whose CRC is crc; begin with 0. By the processor's
 * instruction where it has one (SSE 4.2, ARMv8 CRC), else by table; the result is the same. Any
 * alignment; bytes may be null if count is 0. Reads nothing past the end. Allocates nothing. */
uint32_t tandemsys_crc32c(uint32_t crc, const void *bytes, size_t count);

/* The same by table only: the oracle for the test, and what a processor without the instruction
 * runs. */
uint32_t tandemsys_crc32c_table(uint32_t crc, const void *bytes, size_t count);
