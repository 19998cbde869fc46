// CRC-64/NVME: selection of the implementation, the table-driven implementation, and arithmetic modulo P.

#include "crc64nvme.h"
#include "cchecksum.h"
#include "load.h"

/// P without its x^64 term, reflected (0xAD93D23594C93659 with its bits reversed).
static const uint64_t polynomial = UINT64_C(0x9A6C9329AC4BC9B5);

/// The polynomial 1, reflected.
static const uint64_t one = UINT64_C(1) << 63;

/// `tables[k][b]`: the state after byte `b` followed by `k` zero bytes, starting from state 0.
static uint64_t tables[8][256];

/// `byte_shifts[k]`: x^(8 * 2^k) modulo P, the factor that advances a state by 2^k bytes.
static uint64_t byte_shifts[64];

/// Whether the CPU supports carry-less multiplication. Written only by the constructor, before `main`, so reads do not
/// race.
static bool accelerated;

/// Returns `a` times x, modulo P.
static uint64_t times_x(uint64_t a) {
    return (a >> 1) ^ (polynomial & (0 - (a & 1)));
}

/// Returns `a` times `b`, modulo P.
static uint64_t times(uint64_t a, uint64_t b) {
    uint64_t product = 0;
    for (; a != 0; a <<= 1) {
        if (a & one) {
            product ^= b;
        }
        b = times_x(b);
    }
    return product;
}

uint64_t crc64nvme_x_to_the(uint64_t exponent) {
    uint64_t power = one;
    uint64_t square = times_x(one);
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) {
            power = times(power, square);
        }
        square = times(square, square);
    }
    return power;
}

__attribute__((constructor)) static void prepare(void) {
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t state = byte;
        for (int bit = 0; bit < 8; bit++) {
            state = times_x(state);
        }
        tables[0][byte] = state;
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        for (int zeros = 1; zeros < 8; zeros++) {
            uint64_t state = tables[zeros - 1][byte];
            tables[zeros][byte] = (state >> 8) ^ tables[0][state & 0xFF];
        }
    }
    byte_shifts[0] = crc64nvme_x_to_the(8);
    for (int k = 1; k < 64; k++) {
        byte_shifts[k] = times(byte_shifts[k - 1], byte_shifts[k - 1]);
    }
#if defined(__x86_64__)
    accelerated = crc64nvme_prepare_x86();
#endif
}

uint64_t crc64nvme_update_table(uint64_t state, const uint8_t *bytes, size_t length) {
    for (; length >= 8; bytes += 8, length -= 8) {
        state ^= load_little_endian_64(bytes);
        state = tables[7][state & 0xFF] ^ tables[6][(state >> 8) & 0xFF] ^ tables[5][(state >> 16) & 0xFF]
            ^ tables[4][(state >> 24) & 0xFF] ^ tables[3][(state >> 32) & 0xFF] ^ tables[2][(state >> 40) & 0xFF]
            ^ tables[1][(state >> 48) & 0xFF] ^ tables[0][state >> 56];
    }
    for (; length > 0; bytes++, length--) {
        state = (state >> 8) ^ tables[0][(state ^ *bytes) & 0xFF];
    }
    return state;
}

uint64_t cchecksum_crc64nvme_table(uint64_t crc, const void *data, size_t length) {
    return ~crc64nvme_update_table(~crc, data, length);
}

uint64_t cchecksum_crc64nvme(uint64_t crc, const void *data, size_t length) {
#if defined(__x86_64__)
    if (accelerated) {
        return ~crc64nvme_update_x86(~crc, data, length);
    }
#endif
    return cchecksum_crc64nvme_table(crc, data, length);
}

bool cchecksum_crc64nvme_is_accelerated(void) {
    return accelerated;
}

uint64_t cchecksum_crc64nvme_combine(uint64_t first, uint64_t second, uint64_t second_length) {
    // The inversions of the two checksums cancel, so finished values can be used directly.
    for (int k = 0; second_length != 0; k++, second_length >>= 1) {
        if (second_length & 1) {
            first = times(byte_shifts[k], first);
        }
    }
    return first ^ second;
}
