/// SQLite settings that Swift cannot change: `sqlite3_config` is variadic, and GRDB has no progress handler.
#pragma once

#include <stdint.h>

typedef struct sqlite3 sqlite3;

/// Disables SQLite's memory statistics (`SQLITE_CONFIG_MEMSTATUS`), for which SQLite acquires a process-wide lock for
/// every allocation of every connection.
///
/// Must be called before the first connection is opened; after that, it has no effect. Returns an SQLite result code.
int csqliteconfig_disable_memory_statistics(void);

/// Interrupts a connection's statements with `SQLITE_INTERRUPT` when the time limit of the executing thread has passed.
void csqliteconfig_enforce_time_limits(sqlite3 *connection);

/// Sets the time, in milliseconds from now, within which the current thread's statements must finish; 0 removes the
/// limit.
void csqliteconfig_set_time_limit(int64_t limit);
