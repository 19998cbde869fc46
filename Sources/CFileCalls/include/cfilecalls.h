/// File calls of Linux that Swift's Glibc module does not show, since it is built without `_GNU_SOURCE`.
///
/// Each is the system call of its name with its fixed flags: 0 or a count for success, -1 with `errno` otherwise.
#pragma once

#include <stdint.h>

/// `fallocate(2)` in its plain mode: holds room and sets the length.
int cfilecalls_allocate(int file, int64_t size);

/// `fallocate(2)` with `FALLOC_FL_PUNCH_HOLE`: frees room, keeps the length.
int cfilecalls_punch_hole(int file, int64_t offset, int64_t count);

/// `sync_file_range(2)` with `SYNC_FILE_RANGE_WRITE`: starts writing, does not wait.
int cfilecalls_start_writing(int file, int64_t offset, int64_t count);

/// `copy_file_range(2)`: copies inside the kernel and moves both offsets on by what it returns.
int64_t cfilecalls_copy_range(int from, int64_t *from_offset, int to, int64_t *to_offset, int64_t count);

/// `renameat2(2)` with `RENAME_NOREPLACE`: `EEXIST` when the new name is taken, `EINVAL` where a file system cannot tell.
int cfilecalls_rename_new(const char *from, const char *to);
