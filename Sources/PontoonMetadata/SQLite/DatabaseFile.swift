import Foundation

/// The file of an SQLite database.
///
/// It is created with mode 0600, because it contains the signing keys.
struct DatabaseFile: Sendable {
    let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Records the identity of an existing file.
    ///
    /// The file must stay open while this value is used, so that no other file gets its inode.
    ///
    /// - Throws: `POSIXError` if the file does not exist or is not accessible.
    init(open path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Checks that the path still refers to this file.
    ///
    /// SQLite does not detect that its file was moved, removed or replaced. Later commits are lost when the file is
    /// closed, or are missing from the database that the next process opens.
    ///
    /// - Throws: ``SQLError`` with the kind `.unreachable` if the path refers to another file or to none. Does not
    ///   throw if this cannot be determined.
    func check() throws {
        var status = stat()
        let isInPlace =
            stat(path, &status) == 0
            ? status.st_dev == device && status.st_ino == inode : errno != ENOENT && errno != ENOTDIR
        guard isInPlace else { throw SQLError(.unreachable, "the database file was moved, removed or replaced") }
    }

    /// Creates an empty file if it does not exist.
    ///
    /// The name of a new file is durable when this method returns.
    ///
    /// SQLite creates the `-wal` and `-shm` files with the same mode as this file.
    ///
    /// - Throws: `POSIXError` if the file cannot be created.
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
