/// The width of characters on a terminal. Swift's Glibc module lacks `wcwidth`, because it is built without
/// `_XOPEN_SOURCE`.
#pragma once

#include <stdint.h>

/// Returns the number of columns in which a terminal displays a Unicode scalar (`wcwidth(3)`): 0, 1 or 2.
///
/// Does not depend on the environment's locale. Returns 2 for control characters, and for characters that
/// the C library does not know.
int cterminal_columns(uint32_t scalar);
