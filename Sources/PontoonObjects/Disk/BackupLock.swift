import Glibc
package import SystemPackage
import Synchronization

/// The lock with which backups prevent the server from removing objects.
///
/// Several backups can hold the lock at the same time. When a backup process exits, even by a crash, the kernel
/// releases the process's lock.
final class BackupLock: Sendable {
    /// The lock file; `nil` once closed.
    ///
    /// Guarded by a mutex, because `flock` locks an open file, not a thread: all threads share one lock.
    private let file: Mutex<DiskFile?>

    /// Opens the lock file for the server, and creates it if it does not exist.
    init(_ path: FilePath) throws {
        file = Mutex(
            try DiskFile.open(path, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
        )
    }

    /// Returns whether at least one backup holds the lock.
    ///
    /// - Throws: `Errno`, which is `.badFileDescriptor` after ``close()``.
    func isHeldByBackup() throws -> Bool {
        try file.withLock { file in
            guard let file else { throw Errno.badFileDescriptor }
            do {
                try retryingInterrupts { flock(file.rawValue, LOCK_EX | LOCK_NB) }
            } catch Errno.wouldBlock {
                return true
            }
            try retryingInterrupts { flock(file.rawValue, LOCK_UN) }
            return false
        }
    }

    func close() throws { try file.withLock { try $0.take()?.close() } }

    /// Locks the objects of a store for a backup until the returned file is closed; does not change the directory.
    ///
    /// - Parameters:
    ///   - settings: Location of the store.
    ///   - attempts: Number of attempts, 10 ms apart. An attempt fails while the server checks for backups.
    /// - Returns: The locked file; `nil` if the directory has no lock file, because no server has created one yet.
    /// - Throws: `Errno`; `.wouldBlock` after the last attempt.
    static func acquire(_ settings: DiskSettings, attempts: Int = 1000) async throws -> FileDescriptor? {
        let file: DiskFile
        do {
            file = try DiskFile.open(
                DiskLayout(root: settings.folder).backupLock,
                .readOnly,
                options: .closeOnExec
            )
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
        for attempt in 1... {
            do {
                try retryingInterrupts { flock(file.rawValue, LOCK_SH | LOCK_NB) }
                break
            } catch {
                guard error as? Errno == .wouldBlock, attempt < attempts else {
                    try file.close()
                    throw error
                }
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        return file
    }
}

extension DiskObjectStore {
    /// Prevents the server of a directory from removing objects until the returned file is closed.
    ///
    /// - Returns: The locked file; `nil`, with nothing locked, if the directory has no lock file, because no server has
    ///   created one yet.
    /// - Throws: `Errno`; `.wouldBlock` if the lock is not free within about 10 seconds.
    package static func retainObjects(_ settings: DiskSettings) async throws -> FileDescriptor? {
        try await BackupLock.acquire(settings)
    }
}
