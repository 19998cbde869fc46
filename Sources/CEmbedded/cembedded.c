#include "cembedded.h"

// #embed is C23; clang accepts it in C11. It compiles in milliseconds, whereas a Swift array literal of the same bytes
// takes most of a minute.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t openapi[] = {
#embed "openapi.yaml"
};

const CEmbeddedFile cembedded_openapi = {openapi, sizeof openapi};
