// A disk whose writes are volatile until they are flushed, as one file of a FUSE file system.
//
//   volatile_disk BYTES FOLDER
//
// Mounts FOLDER with the single file "disk", which is BYTES long and initially zero. A loop device on this file turns
// the flushes of a file system into fsync calls. Until such a call, writes are only in a cache, as on a real disk.
//
// Prints "ready", and then reads commands from standard input:
//
//   cut [SEED]   cuts the power: drops the unflushed writes (with SEED, all but a pseudo-random subset), and prints
//                "cut KEPT TOTAL", two numbers of sectors. Every later access fails with EIO
//   on           restores the power and prints "on"
//
// When standard input closes, the process unmounts FOLDER and exits.

#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fuse3/fuse.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { sector = 512 };

/// A write that has not been flushed.
struct cached_write {
    size_t offset;
    size_t length;
    struct cached_write *next;
    unsigned char bytes[];
};

static size_t size;
/// The bytes that reads return: the durable bytes and all cached writes.
static unsigned char *visible;
/// The bytes that survive a power cut.
static unsigned char *durable;
static struct cached_write *oldest;
static struct cached_write **end = &oldest;
static bool is_off;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/// SplitMix64, the same generator as `SeededGenerator` in the tests.
static uint64_t next_random(uint64_t *state) {
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = (*state ^ (*state >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

/// Removes the oldest write from the cache; the caller frees it.
static struct cached_write *take_oldest(void) {
    struct cached_write *taken = oldest;
    if (taken) {
        oldest = taken->next;
        if (!oldest) end = &oldest;
    }
    return taken;
}

static void flush_cache(void) {
    for (struct cached_write *write; (write = take_oldest());) {
        memcpy(durable + write->offset, write->bytes, write->length);
        free(write);
    }
}

/// Which of the cached writes survive a power cut.
enum kept { none, first_writes, any_writes, any_sectors };

/// Empties the cache as a power cut does. The seed selects how many writes are kept, and which.
static void cut_power(enum kept kind, uint64_t seed) {
    uint64_t percent = next_random(&seed) % 101;
    uint64_t count = 0, kept = 0, total = 0, index = 0;
    for (struct cached_write *write = oldest; write; write = write->next) count++;
    for (struct cached_write *write = oldest; write; write = write->next, index++) {
        bool is_kept = kind == first_writes ? index * 100 < count * percent
                                            : kind != none && next_random(&seed) % 100 < percent;
        for (size_t at = 0; at < write->length; at += sector, total++) {
            size_t length = write->length - at < sector ? write->length - at : sector;
            if (kind == any_sectors) is_kept = next_random(&seed) % 100 < percent;
            if (!is_kept) continue;
            memcpy(durable + write->offset + at, write->bytes + at, length);
            kept++;
        }
    }
    for (struct cached_write *write; (write = take_oldest());) {
        memcpy(visible + write->offset, durable + write->offset, write->length);
        free(write);
    }
    is_off = true;
    printf("cut %" PRIu64 " %" PRIu64 "\n", kept, total);
}

static bool is_disk(const char *path) { return strcmp(path, "/disk") == 0; }

static void *fuse_start(struct fuse_conn_info *connection, struct fuse_config *config) {
    // Writes must arrive here at once, because this program is the cache.
    connection->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
    (void)config;
    puts("ready");
    return NULL;
}

static int fuse_attributes(const char *path, struct stat *status, struct fuse_file_info *file) {
    (void)file;
    bool is_root = strcmp(path, "/") == 0;
    if (!is_root && !is_disk(path)) return -ENOENT;
    memset(status, 0, sizeof *status);
    status->st_mode = is_root ? S_IFDIR | 0700 : S_IFREG | 0600;
    status->st_nlink = is_root ? 2 : 1;
    status->st_size = is_root ? 0 : (off_t)size;
    return 0;
}

static int fuse_list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *file,
                     enum fuse_readdir_flags flags) {
    (void)path, (void)offset, (void)file, (void)flags;
    fill(buffer, "disk", NULL, 0, 0);
    return 0;
}

static int fuse_open_disk(const char *path, struct fuse_file_info *file) {
    if (!is_disk(path)) return -ENOENT;
    file->direct_io = 1;
    return 0;
}

static int fuse_read_disk(const char *path, char *buffer, size_t length, off_t offset, struct fuse_file_info *file) {
    (void)path, (void)file;
    if (offset < 0) return -EINVAL;
    if ((size_t)offset >= size) return 0;
    if (length > size - (size_t)offset) length = size - (size_t)offset;
    pthread_mutex_lock(&lock);
    int result = is_off ? -EIO : (int)length;
    if (!is_off) memcpy(buffer, visible + offset, length);
    pthread_mutex_unlock(&lock);
    return result;
}

static int fuse_write_disk(const char *path, const char *bytes, size_t length, off_t offset,
                           struct fuse_file_info *file) {
    (void)path, (void)file;
    if (offset < 0 || (size_t)offset > size || length > size - (size_t)offset) return -ENOSPC;
    struct cached_write *write = malloc(sizeof *write + length);
    if (!write) return -ENOMEM;
    *write = (struct cached_write){.offset = (size_t)offset, .length = length};
    memcpy(write->bytes, bytes, length);
    pthread_mutex_lock(&lock);
    int result = is_off ? -EIO : (int)length;
    if (is_off) {
        free(write);
    } else {
        memcpy(visible + offset, bytes, length);
        *end = write;
        end = &write->next;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static int fuse_sync_disk(const char *path, int only_data, struct fuse_file_info *file) {
    (void)path, (void)only_data, (void)file;
    pthread_mutex_lock(&lock);
    int result = is_off ? -EIO : 0;
    if (!is_off) flush_cache();
    pthread_mutex_unlock(&lock);
    return result;
}

static const struct fuse_operations operations = {
    .init = fuse_start,
    .getattr = fuse_attributes,
    .readdir = fuse_list,
    .open = fuse_open_disk,
    .read = fuse_read_disk,
    .write = fuse_write_disk,
    .fsync = fuse_sync_disk,
};

/// Executes commands until standard input closes, then unmounts the folder, which stops the FUSE loop.
static void *execute_commands(void *folder) {
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        uint64_t seed = 0;
        pthread_mutex_lock(&lock);
        if (strcmp(line, "cut\n") == 0) {
            cut_power(none, seed);
        } else if (sscanf(line, "cut %" SCNu64, &seed) == 1) {
            cut_power(first_writes + next_random(&seed) % any_sectors, seed);
        } else if (strcmp(line, "on\n") == 0) {
            is_off = false;
            puts("on");
        } else {
            puts("unknown command");
        }
        pthread_mutex_unlock(&lock);
    }
    umount2(folder, MNT_DETACH);
    return NULL;
}

static unsigned char *new_bytes(void) {
    // Only the pages that are used need memory.
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return bytes == MAP_FAILED ? NULL : bytes;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fputs("usage: volatile_disk BYTES FOLDER\n", stderr);
        return 2;
    }
    size = strtoull(arguments[1], NULL, 10) / sector * sector;
    visible = new_bytes();
    durable = new_bytes();
    if (size == 0 || !visible || !durable) {
        fputs("volatile_disk: cannot allocate the disk\n", stderr);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);

    struct fuse_args none = FUSE_ARGS_INIT(1, arguments);
    struct fuse *fuse = fuse_new(&none, &operations, sizeof operations, NULL);
    if (!fuse || fuse_mount(fuse, arguments[2]) != 0) return 1;
    pthread_t commands;
    if (pthread_create(&commands, NULL, execute_commands, arguments[2]) != 0) return 1;
    fuse_loop(fuse);
    return 0;
}
