/// Process-wide SQLite settings, which Swift cannot make because `sqlite3_config` takes variable arguments.
#pragma once

/// `SQLITE_CONFIG_MEMSTATUS` with 0: SQLite stops counting its memory use.
///
/// It counts under one lock for the whole process, which every allocation of every connection takes. Must be called
/// before the first connection is opened; afterwards it has no effect. Returns an SQLite result code.
int csqliteconfig_disable_memory_statistics(void);
