import Glibc
package import SystemPackage

/// Exclusive locks on files, which exclude other processes.
package enum FileLock {
    /// Locks an open file until it is closed.
    ///
    /// Waits for up to a second, because a process that is exiting, or its child that has not called `exec` yet, may
    /// hold the lock for a moment longer.
    ///
    /// - Returns: `false` if another process holds the lock.
    /// - Throws: `Errno` if the file system does not support locks.
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
