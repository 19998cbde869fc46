/// Checksums in plain C11, with the CPU's own instructions where there are any.
///
/// Every function takes and returns finished ("published") checksum values: the all-ones start value and the final
/// inversion happen inside, so the checksum of no bytes is 0 and results can be fed straight back in. Data may have any
/// alignment, any length, and may be cut anywhere. `data` may be NULL when `length` is 0. All functions are safe to
/// call from any thread; they need no set-up call, only that `main` (or `dlopen` of this code) has been reached.
#ifndef CCHECKSUM_H
#define CCHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// CRC-64/NVME of bytes that follow those `crc` stands for.
///
/// Polynomial 0xAD93D23594C93659, reflected, start and final XOR all ones; "123456789" gives 0xAE8B14860A799888.
/// What S3 calls `CRC64NVME`. Source: NVM Express NVM Command Set Specification 1.0d, section 5.2.1.3.4, but for the
/// check value, which is misprinted there and taken from the CRC catalogue (reveng.sourceforge.io).
///
/// @param crc Checksum of what came before, 0 at the start.
/// @param data First of `length` bytes.
/// @return Checksum of what came before and these bytes together.
uint64_t cchecksum_crc64nvme(uint64_t crc, const void *data, size_t length);

/// The same value as ::cchecksum_crc64nvme, always by tables: the path of CPUs without carry-less multiply.
/// Public so that tests can compare the two.
uint64_t cchecksum_crc64nvme_table(uint64_t crc, const void *data, size_t length);

/// Whether ::cchecksum_crc64nvme uses carry-less multiply on this CPU.
bool cchecksum_crc64nvme_is_accelerated(void);

/// CRC-64/NVME of two pieces joined, from the checksum of each; reads no data, time O(log second_length).
///
/// @param first Checksum of the first piece; its length does not matter.
/// @param second Checksum of the second piece; 0 when that is empty.
/// @param second_length Length of the second piece in bytes; any value.
uint64_t cchecksum_crc64nvme_combine(uint64_t first, uint64_t second, uint64_t second_length);

/// CRC-32C (Castagnoli) of bytes that follow those `crc` stands for.
///
/// Polynomial 0x1EDC6F41, reflected, start and final XOR all ones; "123456789" gives 0xE3069283. What S3
/// calls `CRC32C`. Source: RFC 3720, section 12.1 and appendix B.4.
///
/// @param crc Checksum of what came before, 0 at the start.
/// @param data First of `length` bytes.
/// @return Checksum of what came before and these bytes together.
uint32_t cchecksum_crc32c(uint32_t crc, const void *data, size_t length);

/// The same value as ::cchecksum_crc32c, always by tables. Public so that tests can compare the two.
uint32_t cchecksum_crc32c_table(uint32_t crc, const void *data, size_t length);

/// Whether ::cchecksum_crc32c uses the CPU's CRC instruction.
bool cchecksum_crc32c_is_accelerated(void);

#ifdef __cplusplus
}
#endif

#endif
