/// Location and options of an SQLite database.
package struct SQLiteSettings: Sendable {
    /// The durability of a commit.
    package enum Durability: String, Sendable {
        /// Commits survive a power cut.
        case full
        /// Commits survive a crash of the process. A power cut may undo the last ones, but corrupts nothing.
        case os
    }

    /// Path of the database file.
    ///
    /// Its directory must exist. SQLite keeps `-wal` and `-shm` files next to it, which belong to the database.
    package let path: String
    package let durability: Durability
    /// Maximum time for which a transaction waits for other processes.
    package let busyTimeout: Duration

    package init(path: String, durability: Durability = .full, busyTimeout: Duration = .seconds(10)) {
        self.path = path
        self.durability = durability
        self.busyTimeout = busyTimeout
    }
}
