#include "cgzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct cgzip {
    z_stream stream;
};

// The base-2 logarithm of the largest window, plus 16 for the gzip format.
static const int window_bits = 15 + 16;

cgzip *cgzip_new(void) {
    cgzip *state = calloc(1, sizeof(cgzip));
    if (state != NULL && inflateInit2(&state->stream, window_bits) != Z_OK) {
        free(state);
        return NULL;
    }
    return state;
}

void cgzip_free(cgzip *state) {
    if (state == NULL) return;
    inflateEnd(&state->stream);
    free(state);
}

int cgzip_inflate(cgzip *state, const uint8_t *input, size_t *input_count, uint8_t *output, size_t *output_count) {
    z_stream *stream = &state->stream;
    const uInt available_input = *input_count > UINT_MAX ? UINT_MAX : (uInt)*input_count;
    const uInt available_output = *output_count > UINT_MAX ? UINT_MAX : (uInt)*output_count;
    stream->next_in = (Bytef *)input;
    stream->avail_in = available_input;
    stream->next_out = output;
    stream->avail_out = available_output;
    const int result = inflate(stream, Z_NO_FLUSH);
    *input_count = available_input - stream->avail_in;
    *output_count = available_output - stream->avail_out;
    stream->next_in = NULL;
    stream->next_out = NULL;
    // Z_BUF_ERROR only means that no progress was possible.
    if (result == Z_OK || result == Z_BUF_ERROR) return 0;
    if (result != Z_STREAM_END || inflateReset(stream) != Z_OK) return -1;
    return 1;
}

uint32_t cgzip_crc32(uint32_t checksum, const uint8_t *bytes, size_t count) {
    return (uint32_t)crc32_z(checksum, bytes, count);
}
