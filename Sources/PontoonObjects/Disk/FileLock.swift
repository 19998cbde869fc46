import Glibc
package import SystemPackage

/// Exclusive locks with which a process prevents other processes from using the same files.
package enum FileLock {
    /// Locks an open file until it is closed.
    ///
    /// Blocks the thread for up to a second, because a process that is exiting, or its child that has not called `exec`
    /// yet, may hold the lock for a moment longer.
    ///
    /// - Returns: `false` if another process still holds the lock after this time.
    /// - Throws: `Errno`, for example if the file system does not support locks.
    package static func acquire(_ file: FileDescriptor) throws -> Bool {
        for attempt in 1...20 {
            if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 { return true }
            let error = Errno(rawValue: errno)
            guard error == .wouldBlock || error == .interrupted else { throw error }
            if attempt < 20 { usleep(50_000) }
        }
        return false
    }
}
