#include "cembedded.h"

// #embed is C23; clang accepts it in C11. It costs milliseconds, where a Swift array literal of the same bytes costs
// most of a minute.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t openapi[] = {
#embed "openapi.yaml"
};

const CEmbeddedFile cembedded_openapi = {openapi, sizeof openapi};
