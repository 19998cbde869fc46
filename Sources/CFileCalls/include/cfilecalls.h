/// Linux system calls for files that Swift's Glibc module omits, because it is built without `_GNU_SOURCE`.
///
/// On Linux, each function makes the system call named in its comment, with fixed flags. On other systems, it uses the
/// system's equivalent if there is one, and otherwise fails with `ENOTSUP`. Unless stated otherwise, it returns 0 or a
/// count, and on failure -1 with `errno` set.
#pragma once

#include <stdint.h>

/// `fallocate(2)` in its default mode: allocates the first `size` bytes and extends the file to that length.
int cfilecalls_allocate(int file, int64_t size);

/// `fallocate(2)` with `FALLOC_FL_PUNCH_HOLE`: frees the space of a range and keeps the length of the file.
int cfilecalls_punch_hole(int file, int64_t offset, int64_t count);

/// `sync_file_range(2)` with `SYNC_FILE_RANGE_WRITE`: starts write-back of a range without waiting for it to finish.
int cfilecalls_start_writing(int file, int64_t offset, int64_t count);

/// `copy_file_range(2)`: copies inside the kernel and advances both offsets by the returned count.
int64_t cfilecalls_copy_range(int from, int64_t *from_offset, int to, int64_t *to_offset, int64_t count);

/// `ioctl(2)` with `FICLONE`: makes `to` share all blocks of `from` (a reflink) until one of the files is written to.
int cfilecalls_clone(int from, int to);

/// `renameat2(2)` with `RENAME_NOREPLACE`: fails with `EEXIST` if the new name already exists, and with `EINVAL` if the
/// file system does not support the flag.
int cfilecalls_rename_new(const char *from, const char *to);

/// Tries `sendfile(2)` with the first byte of a file. Returns 1 if the call succeeds, 0 if it fails, and -1 if it
/// cannot be tried. On other systems, returns 1 without trying.
int cfilecalls_can_send(int file);

/// `cachestat(2)`, and `preadv2(2)` with `RWF_NOWAIT` for a byte of every 256 KiB: returns 1 if all bytes of a range
/// are in the page cache and have been read, or 0 if some are not, or if the kernel or the file system cannot tell.
/// Much faster than `mincore(2)`. On other systems, returns 0.
int cfilecalls_is_cached(int file, int64_t offset, int64_t count);

/// `open(2)` with `O_WRONLY` and `O_DIRECT`, for writes that bypass the page cache. Returns the descriptor. Fails with
/// `EOPNOTSUPP` unless `statx(2)` reports that offsets and memory addresses that are multiples of `alignment` are
/// allowed (since Linux 6.1).
int cfilecalls_open_direct(const char *path, uint32_t alignment);

/// `ioprio_set(2)` and `setpriority(2)` for the calling thread: lets the thread use the disk only while the disk is
/// idle, and gives the thread the lowest CPU priority (nice 19). Ignores errors; does nothing on other systems.
void cfilecalls_set_idle_priority(void);
