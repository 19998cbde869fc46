#include "copenapi.h"

// Embedded here rather than by SwiftPM, whose array literal of 170 KB takes the Swift compiler over a minute and 1 GB.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const uint8_t document[] = {
#embed "../PontoonDocument/Resources/openapi.yaml"
};

const uint8_t *copenapi_bytes(void) { return document; }
size_t copenapi_size(void) { return sizeof document; }
