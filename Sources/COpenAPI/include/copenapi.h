#pragma once

#include <stddef.h>
#include <stdint.h>

/// The OpenAPI document, UTF-8, without a terminating zero.
const uint8_t *copenapi_bytes(void);

/// Length of the document in bytes.
size_t copenapi_size(void);
