#ifndef CEMBEDDED_H
#define CEMBEDDED_H

#include <stddef.h>
#include <stdint.h>

/// A file that is embedded in the binary.
typedef struct {
    const uint8_t *_Nonnull bytes;
    size_t length;
} CEmbeddedFile;

/// A text file that is embedded in the binary.
typedef struct {
    /// Path relative to the folder that contains all the files, such as `api/calls.js`.
    const char *_Nonnull path;
    /// The text in UTF-8, followed by a zero byte.
    const uint8_t *_Nonnull text;
} CEmbeddedText;

/// Text files that are embedded in the binary.
typedef struct {
    const CEmbeddedText *_Nonnull first;
    size_t count;
} CEmbeddedTexts;

/// The OpenAPI description of the API: YAML in UTF-8.
extern const CEmbeddedFile cembedded_openapi;

/// The files of the web console.
extern const CEmbeddedTexts cembedded_console;

#endif
