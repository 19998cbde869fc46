#define _GNU_SOURCE
#include "cfilecalls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#if defined(__linux__)
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#endif
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__linux__)

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

int cfilecalls_allocate(int file, int64_t size) { return fallocate(file, 0, 0, size); }

int cfilecalls_punch_hole(int file, int64_t offset, int64_t count) {
    return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count);
}

int cfilecalls_start_writing(int file, int64_t offset, int64_t count) {
    return sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
}

int64_t cfilecalls_copy_range(int from, int64_t *from_offset, int to, int64_t *to_offset, int64_t count) {
    off64_t source = *from_offset;
    off64_t target = *to_offset;
    ssize_t copied = copy_file_range(from, &source, to, &target, (size_t)count, 0);
    *from_offset = source;
    *to_offset = target;
    return copied;
}

int cfilecalls_clone(int from, int to) { return ioctl(to, FICLONE, from); }

int cfilecalls_rename_new(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int cfilecalls_can_send(int file) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return -1;
    off_t offset = 0;
    ssize_t sent = sendfile(sockets[0], file, &offset, 1);
    close(sockets[0]);
    close(sockets[1]);
    return sent == 1;
}

int cfilecalls_is_cached(int file, int64_t offset, int64_t count) {
    // In <linux/mman.h> and <asm/unistd.h> since Linux 6.5; the number is the same on all architectures.
    enum { CACHESTAT = 451, STEP = 256 << 10 };
    struct {
        uint64_t offset, length;
    } range = {(uint64_t)offset, (uint64_t)count};
    struct {
        uint64_t cached, dirty, written_back, evicted, recently_evicted;
    } state;
    if (syscall(CACHESTAT, file, &range, &state, 0) != 0) return 0;
    int64_t page = sysconf(_SC_PAGESIZE);
    int64_t end = offset + count;
    if ((int64_t)state.cached < (end + page - 1) / page - offset / page) return 0;
    // `cachestat` also counts pages that are still being read. The kernel reads long runs of pages, so it is enough to
    // check some pages.
    for (int64_t next = offset; next < end; next += STEP) {
        char byte;
        struct iovec target = {&byte, 1};
        int64_t last = next + STEP < end ? next + STEP - 1 : end - 1;
        if (preadv2(file, &target, 1, last, RWF_NOWAIT) != 1) return 0;
    }
    return 1;
}

int cfilecalls_open_direct(const char *path, uint32_t alignment) {
#ifdef STATX_DIOALIGN
    int file = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
    if (file < 0) {
        if (errno == EINVAL) errno = EOPNOTSUPP;
        return -1;
    }
    struct statx status;
    if (statx(file, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 && status.stx_mask & STATX_DIOALIGN &&
        status.stx_dio_offset_align > 0 && alignment % status.stx_dio_offset_align == 0 &&
        status.stx_dio_mem_align > 0 && alignment % status.stx_dio_mem_align == 0)
        return file;
    close(file);
#endif
    errno = EOPNOTSUPP;
    return -1;
}

void cfilecalls_set_idle_priority(void) {
    static _Thread_local int is_idle;
    if (is_idle) return;
    is_idle = 1;
    // IOPRIO_WHO_PROCESS is 1, IOPRIO_CLASS_IDLE is 3; glibc defines neither.
    (void)syscall(SYS_ioprio_set, 1, 0, 3 << 13);
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
}

#else

static int unsupported(void) {
    errno = ENOTSUP;
    return -1;
}

int cfilecalls_allocate(int file, int64_t size) {
#if defined(__APPLE__)
    fstore_t request = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, size, 0};
    if (fcntl(file, F_PREALLOCATE, &request) == -1) return -1;
    return ftruncate(file, size);
#else
    return unsupported();
#endif
}

int cfilecalls_punch_hole(int file, int64_t offset, int64_t count) { return unsupported(); }

int cfilecalls_start_writing(int file, int64_t offset, int64_t count) { return unsupported(); }

int64_t cfilecalls_copy_range(int from, int64_t *from_offset, int to, int64_t *to_offset, int64_t count) {
    return unsupported();
}

int cfilecalls_clone(int from, int to) { return unsupported(); }

int cfilecalls_rename_new(const char *from, const char *to) {
#if defined(__APPLE__)
    return renamex_np(from, to, RENAME_EXCL);
#else
    return unsupported();
#endif
}

int cfilecalls_can_send(int file) { return 1; }

int cfilecalls_is_cached(int file, int64_t offset, int64_t count) { return 0; }

int cfilecalls_open_direct(const char *path, uint32_t alignment) {
    errno = EOPNOTSUPP;
    return -1;
}

void cfilecalls_set_idle_priority(void) {}

#endif
