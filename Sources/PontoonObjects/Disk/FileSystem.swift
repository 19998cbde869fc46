import CFileCalls
import Glibc
import PontoonCore
import SystemPackage

/// An alias for swift-system's `FileDescriptor`, because NIO also has a type with this name.
typealias DiskFile = FileDescriptor

/// File operations that swift-system does not provide; they throw its `Errno`.
extension FileDescriptor {
    /// Waits until the file's bytes and length survive a power cut (`fdatasync`).
    func syncData() throws { try retryingInterrupts { fdatasync(rawValue) } }

    /// Waits until the file or directory, including its attributes, survives a power cut (`fsync`).
    func sync() throws { try retryingInterrupts { fsync(rawValue) } }

    /// Starts writing a range to the disk without waiting, so that a later ``syncData()`` takes less time.
    ///
    /// Does nothing if the system does not support this.
    func startWriting(offset: Int64, count: Int64) throws {
        do {
            try retryingInterrupts { cfilecalls_start_writing(rawValue, offset, count) }
        } catch let error as Errno where error.meansUnsupported {}
    }

    /// Preallocates `size` bytes for an empty file, which also sets its length; `size` must be at least 1.
    ///
    /// - Returns: `false`, with the file unchanged, if the file system cannot preallocate.
    func allocate(size: Int64) throws -> Bool {
        do {
            try retryingInterrupts { cfilecalls_allocate(rawValue, size) }
            return true
        } catch let error as Errno where error.meansUnsupported {
            return false
        }
    }

    /// Frees the blocks of a range, which then reads as zeroes; does nothing if the file system does not support this.
    func punchHole(offset: Int64, count: Int64) throws {
        do {
            try retryingInterrupts { cfilecalls_punch_hole(rawValue, offset, count) }
        } catch let error as Errno where error.meansUnsupported {}
    }

    func truncate(to size: Int64) throws { try retryingInterrupts { ftruncate(rawValue, Int(size)) } }

    /// Returns the length in bytes.
    func size() throws -> Int64 { try seek(offset: 0, from: .end) }

    /// Returns the number of consecutive bytes from `offset`, at most `count`, that are in the page cache and can
    /// therefore be read without waiting for the disk; 0 if this cannot be determined.
    ///
    /// First uses `cachestat`, which is faster but can only show that all bytes are in the cache, and then `mincore`.
    func bytesInMemory(at offset: Int, count: Int) -> Int {
        if cfilecalls_is_cached(rawValue, Int64(offset), Int64(count)) == 1 { return count }
        let pageSize = Int(getpagesize())
        let skipped = offset % pageSize
        let length = skipped + count
        guard let pages = mmap(nil, length, PROT_READ, MAP_SHARED, rawValue, offset - skipped), pages != MAP_FAILED
        else { return 0 }
        defer { munmap(pages, length) }
        let states = (length + pageSize - 1) / pageSize
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: states) { states in
            guard mincore(pages, length, states.baseAddress) == 0 else { return 0 }
            let cached = states.firstIndex { $0 & 1 == 0 } ?? states.count
            return max(0, min(cached * pageSize - skipped, count))
        }
    }

    /// Copies `count` bytes at offset `start` of another file to offset `target` of this file.
    ///
    /// Copies inside the kernel, where some file systems share the blocks instead of copying them. Copies through
    /// memory if the system does not support this.
    ///
    /// - Throws: ``TruncatedFile`` if the source is shorter than the range.
    func copy(from source: FileDescriptor, at start: Int64, count: Int64, to target: Int64) throws {
        var (from, to, left) = (start, target, count)
        while left > 0 {
            let copied = cfilecalls_copy_range(source.rawValue, &from, rawValue, &to, left)
            if copied < 0 {
                let error = Errno(rawValue: errno)
                if error.meansUnsupported { return try copyThroughMemory(from: source, at: from, count: left, to: to) }
                guard error == .interrupted else { throw error }
            } else if copied == 0 {
                throw TruncatedFile()
            } else {
                left -= copied
            }
        }
    }

    private func copyThroughMemory(
        from source: FileDescriptor,
        at start: Int64,
        count: Int64,
        to target: Int64
    ) throws {
        try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 16) { buffer in
            var copied: Int64 = 0
            while copied < count {
                let size = Int(min(Int64(buffer.count), count - copied))
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
                let read = try source.read(fromAbsoluteOffset: start + copied, into: part)
                guard read > 0 else { throw TruncatedFile() }
                try writeAll(toAbsoluteOffset: target + copied, UnsafeRawBufferPointer(rebasing: buffer[..<read]))
                copied += Int64(read)
            }
        }
    }
}

extension Errno {
    /// Whether the error may mean that an optional system call is not available: in the kernel, in a sandbox, in the
    /// file system, or between two file systems.
    var meansUnsupported: Bool {
        [.noFunction, .notPermitted, .invalidArgument, .notSupported, .notSupportedOnSocket, .improperLink].contains(
            self
        )
    }
}

/// Operations on directories.
enum Directory {
    /// Creates a directory that only its owner can access, unless it already exists.
    ///
    /// - Returns: Whether the directory was created.
    @discardableResult
    static func create(_ path: FilePath) throws -> Bool {
        do {
            try retryingInterrupts { path.withPlatformString { mkdir($0, 0o700) } }
            return true
        } catch Errno.fileExists {
            return false
        }
    }

    /// Waits until the names in a directory survive a power cut.
    static func sync(_ path: FilePath) throws {
        let directory = try FileDescriptor.open(path, .readOnly, options: .directory)
        try directory.closeAfter { try directory.sync() }
    }

    /// Returns the names of the entries of a directory, except `.` and `..`, in no particular order; empty if the
    /// directory does not exist.
    static func entries(_ path: FilePath) throws -> [String] {
        guard let stream = path.withPlatformString(opendir) else {
            guard errno == ENOENT else { throw Errno(rawValue: errno) }
            return []
        }
        defer { closedir(stream) }
        return try names(in: stream)
    }

    /// Returns the names of the remaining entries of an open directory, except `.` and `..`.
    static func names(in stream: OpaquePointer) throws -> [String] {
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw Errno(rawValue: errno) }
        return names
    }

    /// Removes a directory and the files directly in it; does nothing if the directory does not exist.
    ///
    /// - Throws: `Errno`, for example if the directory contains a subdirectory.
    static func remove(_ path: FilePath) throws {
        for name in try entries(path) { try FileSystem.unlink(path.appending(name)) }
        do {
            try retryingInterrupts { path.withPlatformString(rmdir) }
        } catch Errno.noSuchFileOrDirectory {}
    }

    /// Returns the number of bytes that an unprivileged process can still write to the file system of a path;
    /// `Int64.max` if the file system does not report this number.
    static func availableSpace(_ path: FilePath) throws -> Int64 { try space(path).free }

    /// Returns the number of bytes that an unprivileged process can still write to the file system of a path, and the
    /// size of the file system in bytes.
    ///
    /// A number that the file system does not report is `Int64.max`.
    static func space(_ path: FilePath) throws -> (free: Int64, size: Int64) {
        var status = statvfs()
        try retryingInterrupts { path.withPlatformString { statvfs($0, &status) } }
        func bytes(_ blocks: UInt64) -> Int64 {
            availableSpace(
                blocks: UInt64(status.f_blocks),
                available: blocks,
                blockSize: UInt64(status.f_frsize)
            )
        }
        return (bytes(UInt64(status.f_bavail)), bytes(UInt64(status.f_blocks)))
    }

    /// Computes the available space from the fields of `statvfs`, which some file systems set to 0 or to huge values.
    ///
    /// - Returns: The number of bytes; `Int64.max` if the fields are unusable.
    static func availableSpace(blocks: UInt64, available: UInt64, blockSize: UInt64) -> Int64 {
        guard blocks > 0, blockSize > 0 else { return .max }
        let (bytes, overflows) = available.multipliedReportingOverflow(by: blockSize)
        return overflows ? .max : Int64(clamping: bytes)
    }
}

/// Operations on file names.
enum FileSystem {
    /// Removes a file; does nothing if the file does not exist.
    static func unlink(_ path: FilePath) throws {
        do {
            try retryingInterrupts { path.withPlatformString(Glibc.unlink) }
        } catch Errno.noSuchFileOrDirectory {}
    }

    /// Creates a hard link to a file.
    ///
    /// The name is durable only after its directory has been synced.
    static func link(_ path: FilePath, to other: FilePath) throws {
        try retryingInterrupts {
            path.withPlatformString { path in other.withPlatformString { Glibc.link(path, $0) } }
        }
    }

    /// Renames a file, atomically replacing any existing file at the new path.
    ///
    /// The new name is durable only after its directory has been synced.
    static func rename(_ from: FilePath, to: FilePath) throws {
        try retryingInterrupts {
            from.withPlatformString { source in to.withPlatformString { Glibc.rename(source, $0) } }
        }
    }

    /// Returns whether `path` is a name of the open file `file`; does not follow a symbolic link.
    ///
    /// - Throws: `Errno`, which is `.noSuchFileOrDirectory` if `path` does not exist.
    static func isSame(_ path: FilePath, _ file: FileDescriptor) throws -> Bool {
        var (named, opened) = (stat(), stat())
        try retryingInterrupts { path.withPlatformString { lstat($0, &named) } }
        try retryingInterrupts { fstat(file.rawValue, &opened) }
        return named.st_dev == opened.st_dev && named.st_ino == opened.st_ino
    }

    /// Returns the attributes of a file without following a symbolic link; `nil` if the file does not exist.
    static func status(_ path: FilePath) throws -> FileStatus? {
        var status = stat()
        do {
            try retryingInterrupts { path.withPlatformString { lstat($0, &status) } }
            return FileStatus(status)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
    }

    static func exists(_ path: FilePath) throws -> Bool {
        do {
            try retryingInterrupts { path.withPlatformString { access($0, F_OK) } }
            return true
        } catch Errno.noSuchFileOrDirectory {
            return false
        }
    }
}

/// Makes a system call, and retries it if a signal interrupts it.
///
/// - Parameter call: The call; returns 0 on success, or another value after setting `errno`.
/// - Throws: `Errno` if the call fails.
func retryingInterrupts(_ call: () -> CInt) throws {
    while call() != 0 {
        guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
}

/// The error for a file that is shorter than expected, or for a part that has no record of its length.
struct TruncatedFile: Error {}

/// Maps a full disk or an exceeded quota to `.storageFull`; rethrows other errors unchanged.
func mapDiskFull<Value>(_ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as Errno where error == .noSpace || error == .diskQuotaExceeded {
        throw PontoonError(.storageFull, "The server's disk is full; try again later.", cause: error)
    }
}
