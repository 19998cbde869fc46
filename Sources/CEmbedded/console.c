#include "cembedded.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// A preprocessor directive cannot be part of a macro, so each file takes three lines.
#define FILE(path) {path, (const uint8_t[]){
#define END , 0}},

static const CEmbeddedText files[] = {
    FILE("drop.html")
#embed "console/drop.html"
    END
    FILE("index.html")
#embed "console/index.html"
    END
    FILE("main.js")
#embed "console/main.js"
    END
};

const CEmbeddedTexts cembedded_console = {files, sizeof files / sizeof files[0]};
