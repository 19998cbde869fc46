#include "cbuild.h"

// Package.swift defines CBUILD_COMMIT.
const char *const cbuild_commit = CBUILD_COMMIT;
