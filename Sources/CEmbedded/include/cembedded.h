#ifndef CEMBEDDED_H
#define CEMBEDDED_H

#include <stddef.h>
#include <stdint.h>

/// A file that is embedded in the binary.
typedef struct {
    const uint8_t *_Nonnull bytes;
    size_t length;
} CEmbeddedFile;

/// The OpenAPI description of the API: YAML in UTF-8.
extern const CEmbeddedFile cembedded_openapi;

#endif
