import Foundation

/// A factory for database files that only their owner can read, because they contain the signing keys.
enum DatabaseFile {
    /// Creates an empty file if there is none; its name is durable when this returns.
    ///
    /// SQLite creates the `-wal` and `-shm` files with the same mode.
    static func create(_ path: String) throws {
        let descriptor = Foundation.open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { return }
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        Foundation.close(descriptor)
        try syncDirectory(of: path)
    }

    // SQLite syncs the directory for its journals, but not for the database file itself.
    private static func syncDirectory(of path: String) throws {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = Foundation.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { Foundation.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}
