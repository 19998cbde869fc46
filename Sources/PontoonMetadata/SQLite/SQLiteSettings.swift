/// Where and how an SQLite database is kept.
package struct SQLiteSettings: Sendable {
    /// What a commit promises.
    package enum Durability: String, Sendable {
        /// It survives a power cut.
        case full
        /// It survives the end of this process; a power cut may take the last commits back, but damages nothing.
        case os
    }

    /// Path of the database file.
    ///
    /// Its folder must exist; next to it lie `-wal` and `-shm` files, which belong to it.
    package let path: String
    /// What a commit promises.
    package let durability: Durability
    /// How long a transaction waits for other processes.
    package let busyTimeout: Duration

    /// Joins the fields.
    package init(path: String, durability: Durability = .full, busyTimeout: Duration = .seconds(10)) {
        self.path = path
        self.durability = durability
        self.busyTimeout = busyTimeout
    }
}
