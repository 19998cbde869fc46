#include "cmemory.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>

void cmemory_return_large_blocks(void) {
    // Setting it at all also stops glibc from raising it.
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
}
#else
void cmemory_return_large_blocks(void) {}
#endif
