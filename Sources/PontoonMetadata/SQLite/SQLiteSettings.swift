/// Location and options of an SQLite database.
package struct SQLiteSettings: Sendable {
    /// The failures that a commit survives.
    package enum Durability: String, Sendable {
        /// Commits survive a power cut.
        case full
        /// Commits survive a crash of the process. A power cut may undo the most recent commits, but corrupts nothing.
        case os
    }

    /// Path of the database file.
    ///
    /// The directory must exist. SQLite keeps a `-wal` and a `-shm` file next to it, which are part of the database.
    package let path: String
    package let durability: Durability
    /// Maximum time that a transaction waits for a lock held by another process.
    package let busyTimeout: Duration
    /// Maximum duration of a read, after which it fails with ``SQLError/Kind/busy``.
    package let readTimeout: Duration

    package init(
        path: String,
        durability: Durability = .full,
        busyTimeout: Duration = .seconds(10),
        readTimeout: Duration = .seconds(5)
    ) {
        self.path = path
        self.durability = durability
        self.busyTimeout = busyTimeout
        self.readTimeout = readTimeout
    }
}
