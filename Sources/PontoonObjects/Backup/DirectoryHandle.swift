import Foundation
package import SystemPackage

/// An open directory whose entries are accessed without ever following a symbolic link.
///
/// New directories have mode 0700 and new files 0600. Methods throw `Errno`. Changes of names are durable only after
/// ``sync()``, unless stated otherwise.
package final class DirectoryHandle: Sendable {
    private let descriptor: CInt

    private init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { Foundation.close(descriptor) }

    /// Opens a directory; follows symbolic links in `path`, because the operator chose this path.
    package static func open(_ path: FilePath) throws -> DirectoryHandle {
        DirectoryHandle(try opened { Foundation.open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    }

    /// Opens a subdirectory.
    package func directory(_ name: String) throws -> DirectoryHandle {
        DirectoryHandle(
            try Self.opened { openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        )
    }

    /// Opens a subdirectory, and creates it if it does not exist.
    ///
    /// - Returns: The subdirectory, and whether it was created.
    package func creatingDirectory(_ name: String) throws -> (DirectoryHandle, isNew: Bool) {
        do {
            try retryingInterrupts { mkdirat(descriptor, name, 0o700) }
            return (try directory(name), true)
        } catch Errno.fileExists {
            return (try directory(name), false)
        }
    }

    /// Opens a regular file for reading.
    ///
    /// - Throws: `.invalidArgument` for any other entry, such as a FIFO; `.tooManySymbolicLinkLevels` for a symbolic
    ///   link.
    package func file(_ name: String) throws -> FileDescriptor {
        // Nonblocking, because opening a FIFO would otherwise wait for a writer.
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let file = FileDescriptor(rawValue: try Self.opened { openat(descriptor, name, flags) })
        do {
            guard try FileStatus.of(file).isFile else { throw Errno.invalidArgument }
            return file
        } catch {
            try file.close()
            throw error
        }
    }

    /// Creates a file for writing; first removes any existing file or link with this name.
    package func creatingFile(_ name: String) throws -> FileDescriptor {
        try remove(name)
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return FileDescriptor(rawValue: try Self.opened { openat(descriptor, name, flags, 0o600) })
    }

    /// Acquires an exclusive lock on a file in this directory, and creates the file if it does not exist.
    ///
    /// The lock is held until the returned file is closed.
    ///
    /// - Throws: `.wouldBlock` if the file is already locked.
    package func lock(_ name: String) throws -> FileDescriptor {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
        let file = FileDescriptor(rawValue: try Self.opened { openat(descriptor, name, flags, 0o600) })
        return try Self.locked(file, LOCK_EX)
    }

    /// Acquires a shared lock on a file in this directory; does not create the file.
    ///
    /// - Returns: The file, which is locked until it is closed; `nil` if the file does not exist.
    /// - Throws: `.wouldBlock` if the file is locked with ``lock(_:)``.
    package func lockForReading(_ name: String) throws -> FileDescriptor? {
        guard try status(name) != nil else { return nil }
        return try Self.locked(try file(name), LOCK_SH)
    }

    private static func locked(_ file: FileDescriptor, _ kind: CInt) throws -> FileDescriptor {
        do {
            try retryingInterrupts { flock(file.rawValue, kind | LOCK_NB) }
            return file
        } catch {
            try file.close()
            throw error
        }
    }

    /// Returns the attributes of an entry; `nil` if it does not exist.
    package func status(_ name: String) throws -> FileStatus? {
        var status = stat()
        do {
            try retryingInterrupts { fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) }
            return FileStatus(status)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
    }

    /// Returns the attributes of the directory.
    package func status() throws -> FileStatus { try FileStatus.of(FileDescriptor(rawValue: descriptor)) }

    /// Removes a file or link from this directory; does nothing if the name does not exist.
    package func remove(_ name: String) throws {
        do {
            try retryingInterrupts { unlinkat(descriptor, name, 0) }
        } catch Errno.noSuchFileOrDirectory {}
    }

    /// Removes an empty subdirectory; does nothing if it does not exist.
    package func removeDirectory(_ name: String) throws {
        do {
            try retryingInterrupts { unlinkat(descriptor, name, AT_REMOVEDIR) }
        } catch Errno.noSuchFileOrDirectory {}
    }

    /// Moves an entry to a directory under a new name, atomically replacing any existing file with this name.
    package func rename(_ name: String, to directory: DirectoryHandle, as newName: String) throws {
        try retryingInterrupts { renameat(descriptor, name, directory.descriptor, newName) }
    }

    /// Creates a hard link in another directory to a file in this one.
    package func link(_ name: String, in directory: DirectoryHandle, as newName: String) throws {
        try retryingInterrupts { linkat(descriptor, name, directory.descriptor, newName, 0) }
    }

    /// Copies a file to another directory, replacing any existing file that has the new name.
    ///
    /// The bytes are durable when this method returns; the name is durable only after ``sync()`` of `directory`. If
    /// copying fails, an incomplete file may remain.
    ///
    /// - Throws: `Errno`; ``TruncatedFile`` if the file becomes shorter while it is copied.
    package func copy(_ name: String, to directory: DirectoryHandle, as newName: String) throws {
        let original = try file(name)
        try original.closeAfter {
            let copy = try directory.creatingFile(newName)
            try copy.closeAfter {
                try copy.copy(from: original, at: 0, count: try FileStatus.of(original).size, to: 0)
                try copy.sync()
            }
        }
    }

    /// Writes a small file atomically and durably, replacing any existing file with this name.
    package func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        let draft = name + ".new"
        let file = try creatingFile(draft)
        try file.closeAfter {
            _ = try file.writeAll(bytes)
            try file.sync()
        }
        try rename(draft, to: self, as: name)
        try sync()
    }

    /// Reads a small file.
    ///
    /// - Throws: `.fileTooLarge` if the file is larger than `limit` bytes.
    package func read(_ name: String, limit: Int) throws -> [UInt8] {
        let file = try file(name)
        return try file.closeAfter {
            let size = try FileStatus.of(file).size
            guard size <= limit else { throw Errno.fileTooLarge }
            return try [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
                let buffer = UnsafeMutableRawBufferPointer(buffer)
                while count < buffer.count {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                    let read = try file.read(fromAbsoluteOffset: Int64(count), into: rest)
                    guard read > 0 else { break }
                    count += read
                }
            }
        }
    }

    /// Waits until the bytes of a file survive a power cut.
    package func syncFile(_ name: String) throws {
        let file = try file(name)
        try file.closeAfter { try file.sync() }
    }

    /// Waits until the names in this directory survive a power cut.
    package func sync() throws { try retryingInterrupts { fsync(descriptor) } }

    /// Sets the directory's mode to 0700, so that only its owner has access.
    package func makePrivate() throws { try retryingInterrupts { fchmod(descriptor, 0o700) } }

    /// Returns the names of the entries, except `.` and `..`, in no particular order.
    package func entries() throws -> [String] {
        // Uses a separate descriptor, because reading entries moves a descriptor's position, and `closedir` closes it.
        let copy = try Self.opened { openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(copy) else {
            let error = Errno(rawValue: errno)
            Foundation.close(copy)
            throw error
        }
        defer { closedir(stream) }
        return try Directory.names(in: stream)
    }

    private static func opened(_ open: () -> CInt) throws -> CInt {
        while true {
            let descriptor = open()
            if descriptor >= 0 { return descriptor }
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
    }
}

extension FileStatus {
    /// Returns the attributes of an open file.
    package static func of(_ file: FileDescriptor) throws -> FileStatus {
        var status = stat()
        try retryingInterrupts { fstat(file.rawValue, &status) }
        return FileStatus(status)
    }

    /// Returns the attributes of the file or directory at a path, following symbolic links.
    ///
    /// - Throws: `Errno`, which is `.noSuchFileOrDirectory` if the path does not exist.
    package static func following(_ path: FilePath) throws -> FileStatus {
        var status = stat()
        try retryingInterrupts { path.withPlatformString { stat($0, &status) } }
        return FileStatus(status)
    }
}
