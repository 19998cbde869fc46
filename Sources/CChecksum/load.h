/// A function that loads numbers from unaligned bytes.
#ifndef CCHECKSUM_LOAD_H
#define CCHECKSUM_LOAD_H

#include <stdint.h>
#include <string.h>

/// Loads 8 bytes as a little-endian number, regardless of the machine's byte order.
static inline uint64_t load_little_endian_64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

#endif
