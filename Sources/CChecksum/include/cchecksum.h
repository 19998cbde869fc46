/// Checksums in C11, accelerated by CPU instructions where available.
///
/// Every function takes and returns final checksums, to which the inversion at the start and the end is already
/// applied: the checksum of no bytes is 0, and a result can be passed to the next call. Data may have any alignment and
/// length, and may be split anywhere. `data` may be NULL if `length` is 0. All functions are thread-safe. They need no
/// initialization, but must not be called by constructors that run before `main`.
#ifndef CCHECKSUM_H
#define CCHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Extends a CRC-64/NVME by further bytes.
///
/// Polynomial 0xAD93D23594C93659, reflected, start and final XOR all ones; "123456789" gives 0xAE8B14860A799888.
/// S3 calls it `CRC64NVME`. Source: NVM Express NVM Command Set Specification 1.0d, section 5.2.1.3.4, except for the
/// check value, which is misprinted there and is taken from the CRC catalogue (reveng.sourceforge.io).
///
/// @param crc Checksum of the preceding bytes; 0 if there are none.
/// @param data Pointer to the first of `length` bytes.
/// @return Checksum of the preceding bytes and `data`.
uint64_t cchecksum_crc64nvme(uint64_t crc, const void *data, size_t length);

/// Like ::cchecksum_crc64nvme, but always with tables, as on CPUs without carry-less multiplication. Public so that
/// tests can compare the two implementations.
uint64_t cchecksum_crc64nvme_table(uint64_t crc, const void *data, size_t length);

/// Whether ::cchecksum_crc64nvme uses carry-less multiplication on this CPU.
bool cchecksum_crc64nvme_is_accelerated(void);

/// Combines the checksums (CRC-64/NVME) of two byte ranges into the checksum of their concatenation, in
/// O(log second_length) time and without reading the data.
///
/// @param first Checksum of the first range, which may have any length.
/// @param second Checksum of the second range; 0 if it is empty.
/// @param second_length Length of the second range in bytes; any value.
uint64_t cchecksum_crc64nvme_combine(uint64_t first, uint64_t second, uint64_t second_length);

/// Extends a CRC-32C (Castagnoli) by further bytes.
///
/// Polynomial 0x1EDC6F41, reflected, start and final XOR all ones; "123456789" gives 0xE3069283. S3 calls
/// it `CRC32C`. Source: RFC 3720, section 12.1 and appendix B.4.
///
/// @param crc Checksum of the preceding bytes; 0 if there are none.
/// @param data Pointer to the first of `length` bytes.
/// @return Checksum of the preceding bytes and `data`.
uint32_t cchecksum_crc32c(uint32_t crc, const void *data, size_t length);

/// Like ::cchecksum_crc32c, but always with tables. Public so that tests can compare the two implementations.
uint32_t cchecksum_crc32c_table(uint32_t crc, const void *data, size_t length);

/// Whether ::cchecksum_crc32c uses the CPU's CRC instruction.
bool cchecksum_crc32c_is_accelerated(void);

#ifdef __cplusplus
}
#endif

#endif
