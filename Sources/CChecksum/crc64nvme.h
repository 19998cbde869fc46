/// Declarations shared by the implementations of CRC-64/NVME.
///
/// A "state" is the raw register, without the inversion at the start and the end. P is the polynomial of the CRC.
/// Polynomials modulo P are reflected: bit 63 is x^0, and bit 0 is x^63.
#ifndef CCHECKSUM_CRC64NVME_H
#define CCHECKSUM_CRC64NVME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Returns x^`exponent` modulo P.
uint64_t crc64nvme_x_to_the(uint64_t exponent);

/// Advances the state by `length` bytes with tables. `bytes` may be NULL if `length` is 0.
uint64_t crc64nvme_update_table(uint64_t state, const uint8_t *bytes, size_t length);

#if defined(__x86_64__)
/// Prepares ::crc64nvme_update_x86; called once, before `main`.
///
/// @return `false` if this CPU lacks a required instruction.
bool crc64nvme_prepare_x86(void);

/// Advances the state by `length` bytes with carry-less multiplication. Requires that ::crc64nvme_prepare_x86 returned
/// `true`.
uint64_t crc64nvme_update_x86(uint64_t state, const uint8_t *bytes, size_t length);
#endif

#endif
