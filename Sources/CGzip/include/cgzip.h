/// Gzip decompression and CRC-32 with the system's zlib. Swift cannot call zlib's initializer, because it is a macro.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The state of one decompression.
typedef struct cgzip cgzip;

/// Creates a state, which `cgzip_free` must free. Returns `NULL` if there is not enough memory.
cgzip *cgzip_new(void);

void cgzip_free(cgzip *state);

/// Decompresses bytes. A stream may consist of several members.
///
/// On entry, `*input_count` and `*output_count` are the numbers of available bytes; on return, the numbers of bytes
/// that were used. Returns 1 if a member ends at the end of the used input, -1 if the input is not valid, and otherwise
/// 0.
int cgzip_inflate(cgzip *state, const uint8_t *input, size_t *input_count, uint8_t *output, size_t *output_count);

/// Extends a CRC-32 by further bytes.
///
/// `checksum` is the CRC-32 of the preceding bytes; 0 if there are none. `bytes` must not be `NULL`.
uint32_t cgzip_crc32(uint32_t checksum, const uint8_t *bytes, size_t count);
