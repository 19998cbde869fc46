/// A call of glibc's allocator that Swift's Glibc module does not show.
#pragma once

/// `mallopt(3)`: blocks of 128 KiB and more, such as what was read from a socket, go back to the system when they are freed.
///
/// Left to itself glibc keeps blocks of 1 MiB in the heaps of its threads from the first free on, where they add up to far
/// more than is in use. Call it before memory is in demand.
void cmemory_return_large_blocks(void);
