// CRC-32C with tables, or with the SSE4.2 instruction on CPUs that have it and carry-less multiplication.
//
// A "state" is the raw register, without the inversion at the start and the end. P is the polynomial of the CRC.
// Polynomials modulo P are reflected: bit 31 is x^0, and bit 0 is x^31.

#include "cchecksum.h"
#include "load.h"

/// P without its x^32 term, reflected (0x1EDC6F41 with its bits reversed).
static const uint32_t polynomial = UINT32_C(0x82F63B78);

/// `tables[k][b]`: the state after byte `b` followed by `k` zero bytes, starting from state 0.
static uint32_t tables[8][256];

/// Whether the CPU supports the required instructions. Written only by the constructor, before `main`, so reads do not
/// race.
static bool accelerated;

/// Returns `a` times x, modulo P.
static uint32_t times_x(uint32_t a) {
    return (a >> 1) ^ (polynomial & (0 - (a & 1)));
}

static uint32_t update_table(uint32_t state, const uint8_t *bytes, size_t length) {
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word = load_little_endian_64(bytes) ^ state;
        state = tables[7][word & 0xFF] ^ tables[6][(word >> 8) & 0xFF] ^ tables[5][(word >> 16) & 0xFF]
            ^ tables[4][(word >> 24) & 0xFF] ^ tables[3][(word >> 32) & 0xFF] ^ tables[2][(word >> 40) & 0xFF]
            ^ tables[1][(word >> 48) & 0xFF] ^ tables[0][word >> 56];
    }
    for (; length > 0; bytes++, length--) {
        state = (state >> 8) ^ tables[0][(state ^ *bytes) & 0xFF];
    }
    return state;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define CRC_TARGET __attribute__((target("sse4.2,pclmul")))

/// Length in bytes of each of the three runs that are processed in parallel. There are three runs because the
/// instruction has a latency of 3 cycles and a throughput of one per cycle.
enum { run_length = 1024 };

/// The factors by which ::join advances a state by two runs and by one run.
static uint32_t over_two_runs, over_one_run;

/// Returns the factor by which ::join advances a state by `distance` bytes.
static uint32_t factor_for(uint32_t distance) {
    // The exponent is the distance in bits less 33: the instruction itself multiplies by x^32, and the 63-bit product
    // of two reflected 32-bit numbers is shifted by one bit in its 64 bits.
    uint32_t power = UINT32_C(1) << 31;
    for (uint32_t i = 0; i < 8 * distance - 33; i++) {
        power = times_x(power);
    }
    return power;
}

/// Returns the state after three consecutive runs, given the state after each run alone. The second and the third run
/// must start from state 0.
CRC_TARGET static inline uint32_t join(uint64_t first, uint64_t second, uint64_t third) {
    __m128i a = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)first), _mm_cvtsi32_si128((int)over_two_runs), 0);
    __m128i b = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)second), _mm_cvtsi32_si128((int)over_one_run), 0);
    uint64_t product = (uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(a, b));
    return (uint32_t)(_mm_crc32_u64(0, product) ^ third);
}

CRC_TARGET static uint32_t update_sse42(uint32_t state, const uint8_t *bytes, size_t length) {
    for (; length >= 3 * run_length; bytes += 3 * run_length, length -= 3 * run_length) {
        uint64_t first = state, second = 0, third = 0;
        for (size_t i = 0; i < run_length; i += 8) {
            first = _mm_crc32_u64(first, load_little_endian_64(bytes + i));
            second = _mm_crc32_u64(second, load_little_endian_64(bytes + run_length + i));
            third = _mm_crc32_u64(third, load_little_endian_64(bytes + 2 * run_length + i));
        }
        state = join(first, second, third);
    }
    uint64_t wide = state;
    for (; length >= 8; bytes += 8, length -= 8) {
        wide = _mm_crc32_u64(wide, load_little_endian_64(bytes));
    }
    state = (uint32_t)wide;
    for (; length > 0; bytes++, length--) {
        state = _mm_crc32_u8(state, *bytes);
    }
    return state;
}

/// Prepares ::update_sse42.
///
/// @return `false` if this CPU lacks a required instruction.
static bool prepare_sse42(void) {
    over_two_runs = factor_for(2 * run_length);
    over_one_run = factor_for(run_length);
    __builtin_cpu_init();  // because this may run before the constructor of the runtime
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

#endif

__attribute__((constructor)) static void prepare(void) {
    for (unsigned byte = 0; byte < 256; byte++) {
        uint32_t state = byte;
        for (int bit = 0; bit < 8; bit++) {
            state = times_x(state);
        }
        tables[0][byte] = state;
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        for (int zeros = 1; zeros < 8; zeros++) {
            uint32_t state = tables[zeros - 1][byte];
            tables[zeros][byte] = (state >> 8) ^ tables[0][state & 0xFF];
        }
    }
#if defined(__x86_64__)
    accelerated = prepare_sse42();
#endif
}

uint32_t cchecksum_crc32c_table(uint32_t crc, const void *data, size_t length) {
    return ~update_table(~crc, data, length);
}

uint32_t cchecksum_crc32c(uint32_t crc, const void *data, size_t length) {
#if defined(__x86_64__)
    if (accelerated) {
        return ~update_sse42(~crc, data, length);
    }
#endif
    return cchecksum_crc32c_table(crc, data, length);
}

bool cchecksum_crc32c_is_accelerated(void) {
    return accelerated;
}
