// CRC-64/NVME with carry-less multiplication on x86-64, 16 bytes at a time, or 64 with AVX-512.
//
// If a block V of the message is D bits before a block W, V can be removed after V * x^D is added to W, because this
// does not change the remainder modulo P. In this way, the message is folded into the blocks at its end ("Fast CRC
// Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009). Only these few bytes are processed
// with tables.

#include "crc64nvme.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define CLMUL_TARGET __attribute__((target("sse2,pclmul")))
#define AVX512_TARGET __attribute__((target("avx512f,vpclmulqdq")))

/// Sizes in bytes, and numbers of lanes. One iteration processes one step, which has enough lanes to hide the latency
/// of a multiplication.
enum {
    lane_size = 16,
    lane_count = 8,
    step = lane_count * lane_size,
    wide_lane_size = 64,
    wide_lane_count = 4,
    wide_step = wide_lane_count * wide_lane_size,
    wide_minimum = 4 * wide_step,  // wide lanes are not faster for shorter input
};

/// The factors for the first and last 8 bytes of a 16-byte block that advance the block by a distance.
typedef struct {
    uint64_t first, last;
} fold_factors;

static fold_factors over_lane, over_step, over_wide_step;
static bool has_wide;

/// Returns the factors for a distance in bytes.
static fold_factors factors_for(uint64_t distance) {
    // The exponents are the distance in bits less 1, because the 127-bit product of two reflected 64-bit numbers is
    // shifted by one bit in its 128 bits. The first 8 bytes of a block are 64 bits further from its end.
    fold_factors factors = {
        .first = crc64nvme_x_to_the(8 * distance + 64 - 1),
        .last = crc64nvme_x_to_the(8 * distance - 1),
    };
    return factors;
}

bool crc64nvme_prepare_x86(void) {
    over_lane = factors_for(lane_size);
    over_step = factors_for(step);
    over_wide_step = factors_for(wide_step);
    __builtin_cpu_init();  // because this may run before the constructor of the runtime
    has_wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
    return __builtin_cpu_supports("pclmul");
}

CLMUL_TARGET static inline __m128i load(const uint8_t *bytes) {
    return _mm_loadu_si128((const __m128i *)bytes);
}

CLMUL_TARGET static inline __m128i load_factors(const fold_factors *factors) {
    return _mm_set_epi64x((long long)factors->last, (long long)factors->first);
}

/// Returns `block`, advanced by the distance of `factors`, plus `next`.
CLMUL_TARGET static inline __m128i fold(__m128i block, __m128i factors, __m128i next) {
    __m128i first = _mm_clmulepi64_si128(block, factors, 0x00);
    __m128i last = _mm_clmulepi64_si128(block, factors, 0x11);
    return _mm_xor_si128(next, _mm_xor_si128(first, last));
}

/// Advances the state by the bytes, one lane per iteration.
CLMUL_TARGET static uint64_t update_by_lane(uint64_t state, const uint8_t *bytes, size_t length) {
    if (length < 2 * lane_size) {
        return crc64nvme_update_table(state, bytes, length);
    }
    const __m128i factors = load_factors(&over_lane);
    __m128i block = _mm_xor_si128(load(bytes), _mm_cvtsi64_si128((long long)state));
    for (bytes += lane_size, length -= lane_size; length >= lane_size; bytes += lane_size, length -= lane_size) {
        block = fold(block, factors, load(bytes));
    }
    uint8_t folded[lane_size];
    _mm_storeu_si128((__m128i *)folded, block);
    return crc64nvme_update_table(crc64nvme_update_table(0, folded, sizeof folded), bytes, length);
}

/// Advances the state by the bytes, one step per iteration.
CLMUL_TARGET static uint64_t update_by_step(uint64_t state, const uint8_t *bytes, size_t length) {
    if (length < 2 * step) {
        return update_by_lane(state, bytes, length);
    }
    const __m128i factors = load_factors(&over_step);
    __m128i lanes[lane_count];
    for (int i = 0; i < lane_count; i++) {
        lanes[i] = load(bytes + i * lane_size);
    }
    lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128((long long)state));
    for (bytes += step, length -= step; length >= step; bytes += step, length -= step) {
        for (int i = 0; i < lane_count; i++) {
            lanes[i] = fold(lanes[i], factors, load(bytes + i * lane_size));
        }
    }
    // The lanes now contain a message of one step that has the same remainder as all bytes so far.
    uint8_t folded[step];
    for (int i = 0; i < lane_count; i++) {
        _mm_storeu_si128((__m128i *)(folded + i * lane_size), lanes[i]);
    }
    return update_by_lane(update_by_lane(0, folded, sizeof folded), bytes, length);
}

/// Like ::fold, for the four 16-byte blocks of a wide lane in parallel.
AVX512_TARGET static inline __m512i fold_wide(__m512i blocks, __m512i factors, __m512i next) {
    __m512i first = _mm512_clmulepi64_epi128(blocks, factors, 0x00);
    __m512i last = _mm512_clmulepi64_epi128(blocks, factors, 0x11);
    return _mm512_ternarylogic_epi64(next, first, last, 0x96);  // 0x96: XOR of all three
}

/// Like ::update_by_step, with wide lanes; `length` must be at least ::wide_minimum.
AVX512_TARGET static uint64_t update_by_wide_step(uint64_t state, const uint8_t *bytes, size_t length) {
    const __m512i factors = _mm512_broadcast_i32x4(
        _mm_set_epi64x((long long)over_wide_step.last, (long long)over_wide_step.first));
    __m512i lanes[wide_lane_count];
    for (int i = 0; i < wide_lane_count; i++) {
        lanes[i] = _mm512_loadu_si512(bytes + i * wide_lane_size);
    }
    lanes[0] = _mm512_xor_si512(lanes[0], _mm512_zextsi128_si512(_mm_cvtsi64_si128((long long)state)));
    for (bytes += wide_step, length -= wide_step; length >= wide_step; bytes += wide_step, length -= wide_step) {
        for (int i = 0; i < wide_lane_count; i++) {
            lanes[i] = fold_wide(lanes[i], factors, _mm512_loadu_si512(bytes + i * wide_lane_size));
        }
    }
    uint8_t folded[wide_step];
    for (int i = 0; i < wide_lane_count; i++) {
        _mm512_storeu_si512(folded + i * wide_lane_size, lanes[i]);
    }
    return update_by_step(update_by_step(0, folded, sizeof folded), bytes, length);
}

uint64_t crc64nvme_update_x86(uint64_t state, const uint8_t *bytes, size_t length) {
    return has_wide && length >= wide_minimum ? update_by_wide_step(state, bytes, length)
                                              : update_by_step(state, bytes, length);
}

#endif
