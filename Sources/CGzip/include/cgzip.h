/// Decompression of gzip and CRC-32 with the system's zlib, whose functions Swift cannot call where they are macros.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The state of one decompression.
typedef struct cgzip cgzip;

/// Returns a new state, which `cgzip_free` must free; `NULL` if there is no memory.
cgzip *cgzip_new(void);

void cgzip_free(cgzip *state);

/// Decompresses bytes. A stream may consist of several members.
///
/// Advances `*input_count` and `*output_count` from the available to the used number of bytes. Returns 0; 1 if a member
/// ends at the end of the used input; -1 if the input is not valid.
int cgzip_inflate(cgzip *state, const uint8_t *input, size_t *input_count, uint8_t *output, size_t *output_count);

/// Returns the CRC-32 of bytes that follow others with the given checksum, which is 0 for no bytes.
///
/// `bytes` must not be `NULL`.
uint32_t cgzip_crc32(uint32_t checksum, const uint8_t *bytes, size_t count);
