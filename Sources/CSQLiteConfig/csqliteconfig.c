// For clock_gettime, which strict C does not declare.
#define _POSIX_C_SOURCE 200809L

#include "csqliteconfig.h"

#include <sqlite3.h>
#include <time.h>

int csqliteconfig_disable_memory_statistics(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

/// Time by which the current thread's statements must finish, in milliseconds of the monotonic clock; 0 if there is no
/// limit.
static _Thread_local int64_t deadline;

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int is_late(void *unused) {
    (void)unused;
    return deadline != 0 && milliseconds() > deadline;
}

void csqliteconfig_enforce_time_limits(sqlite3 *connection) {
    // Checks the time every 10,000 instructions, which is about once per millisecond: an instruction of SQLite's
    // virtual machine takes about 100 ns.
    sqlite3_progress_handler(connection, 10000, is_late, NULL);
}

void csqliteconfig_set_time_limit(int64_t limit) { deadline = limit > 0 ? milliseconds() + limit : 0; }
