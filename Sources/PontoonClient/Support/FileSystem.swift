// The only file of the client library that imports the C library. All other files use these wrappers, Foundation or
// System.
#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import CFileCalls
import PontoonFoundation
import SystemPackage

/// The status of a file, as `stat(2)` reports it.
struct FileStatus: Sendable {
    enum Kind: Sendable { case file, directory, link, other }

    let kind: Kind
    let device: UInt64
    let inode: UInt64
    /// Number of hard links to the file.
    let links: UInt64
    let size: Int64
    /// Time of the last modification, in nanoseconds since 1970, modulo 2^64.
    let modified: Int64
    /// Whether ``modified`` has not wrapped around; `true` for times between about 1678 and 2261.
    let isTimeExact: Bool

    /// Reads the status of the file at a path; follows symbolic links by default.
    init(_ path: FilePath, followingLinks: Bool = true) throws(Errno) {
        var status = stat()
        let result = path.withPlatformString { followingLinks ? stat($0, &status) : lstat($0, &status) }
        try checkResult(result)
        self.init(status)
    }

    /// Reads the status of an open file.
    init(_ descriptor: FileDescriptor) throws(Errno) {
        var status = stat()
        try checkResult(fstat(descriptor.rawValue, &status))
        self.init(status)
    }

    private init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .link
            default: .other
            }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        links = UInt64(truncatingIfNeeded: status.st_nlink)
        size = Int64(status.st_size)
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        // Times that 64 bits cannot represent wrap around; see `isTimeExact`.
        modified = Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        isTimeExact = abs(Double(time.tv_sec)) < 9.2e9
    }
}

/// Thin wrappers around file-system calls.
///
/// Unless stated otherwise, a failed call throws an `Errno`. All functions except ``matches(_:pattern:)`` may block.
enum FileSystem {
    /// Locks a file exclusively until it is closed, without waiting.
    ///
    /// - Returns: `false` if another open descriptor of the file, usually in another process, holds the lock; `true` if
    ///   the file is now locked, or if its file system does not support locks.
    static func tryLock(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
        if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 { return true }
        switch errno {
        case EWOULDBLOCK: return false
        case ENOLCK, ENOSYS, EOPNOTSUPP: return true
        default: throw Errno(rawValue: errno)
        }
    }

    /// Syncs a file's data to disk.
    static func synchronize(_ descriptor: FileDescriptor) throws(Errno) {
        #if canImport(Darwin)
        // On macOS, fsync does not flush the drive's own cache.
        try checkResult(fcntl(descriptor.rawValue, F_FULLFSYNC))
        #else
        try checkResult(fdatasync(descriptor.rawValue))
        #endif
    }

    /// Syncs a directory's entries to disk; without this, a power failure may undo a rename.
    static func synchronizeDirectory(_ path: FilePath) throws {
        let descriptor = try FileDescriptor.open(path.isEmpty ? "." : path, .readOnly, options: [.directory])
        try descriptor.closeAfter {
            // EINVAL: the file system cannot sync directories.
            guard fsync(descriptor.rawValue) == 0 || errno == EINVAL else { throw Errno(rawValue: errno) }
        }
    }

    /// Preallocates disk space for `size` bytes and extends the file to this length.
    ///
    /// If the file system cannot preallocate, only the length is set.
    ///
    /// - Throws: `Errno.noSpace` if the disk is full; any other `Errno`.
    static func reserve(_ descriptor: FileDescriptor, size: Int64) throws {
        guard cfilecalls_allocate(descriptor.rawValue, size) != 0 else { return }
        let error = Errno(rawValue: errno)
        guard error == .notSupported || error == .noFunction else { throw error }
        try descriptor.resize(to: size)
    }

    /// Renames a file, replacing any existing file at the new path.
    static func rename(_ path: FilePath, replacing target: FilePath) throws(Errno) {
        let result = path.withPlatformString { path in
            target.withPlatformString { platformRename(path, $0) }
        }
        try checkResult(result)
    }

    /// Renames a file only if the new path does not exist.
    ///
    /// Atomic only if the file system supports it.
    ///
    /// - Throws: `Errno.fileExists` if the new path exists; any other `Errno`.
    static func rename(_ path: FilePath, toNew target: FilePath) throws(Errno) {
        let result = path.withPlatformString { path in
            target.withPlatformString { cfilecalls_rename_new(path, $0) }
        }
        if result == 0 { return }
        let error = Errno(rawValue: errno)
        // If the file system does not support the call, another process may create the target between the check and the
        // rename.
        guard error == .invalidArgument || error == .noFunction || error == .notSupported else { throw error }
        guard (try? FileStatus(target, followingLinks: false)) == nil else { throw .fileExists }
        try rename(path, replacing: target)
    }

    /// Returns the path of the final target of a symbolic link, or the path itself if it is not a link.
    ///
    /// The target need not exist.
    ///
    /// - Throws: `Errno.tooManySymbolicLinkLevels` after 40 links, which is the limit of Linux; a `CocoaError` if a
    ///   link cannot be read.
    static func resolvingLinks(_ path: FilePath) throws -> FilePath {
        var path = path
        for _ in 0..<40 {
            guard let status = try? FileStatus(path, followingLinks: false), status.kind == .link else { return path }
            let target = FilePath(try FileManager.default.destinationOfSymbolicLink(atPath: path.string))
            path = path.removingLastComponent().pushing(target)
        }
        throw Errno.tooManySymbolicLinkLevels
    }

    /// Sets the modification time of a file, in nanoseconds since 1970, and sets its access time to the current time.
    static func setModified(_ descriptor: FileDescriptor, _ nanoseconds: Int64) throws(Errno) {
        let fraction = (nanoseconds % 1_000_000_000 + 1_000_000_000) % 1_000_000_000
        let times = [
            timespec(tv_sec: time(nil), tv_nsec: 0),
            timespec(tv_sec: Int((nanoseconds - fraction) / 1_000_000_000), tv_nsec: Int(fraction)),
        ]
        try checkResult(futimens(descriptor.rawValue, times))
    }

    /// Removes a file if it exists.
    static func remove(_ path: FilePath) throws(Errno) {
        let result = path.withPlatformString { unlink($0) }
        guard result == 0 || errno == ENOENT else { throw Errno(rawValue: errno) }
    }

    /// Removes a directory if it is empty.
    ///
    /// - Returns: `false` if it is not empty, or does not exist.
    static func removeIfEmpty(_ directory: FilePath) throws(Errno) -> Bool {
        if directory.withPlatformString({ rmdir($0) }) == 0 { return true }
        let error = Errno(rawValue: errno)
        guard [.directoryNotEmpty, .fileExists, .noSuchFileOrDirectory].contains(error) else { throw error }
        return false
    }

    /// Returns the names in a directory, except `.` and `..`, in byte order.
    static func names(in directory: FilePath) throws(Errno) -> [FilePath.Component] {
        guard let stream = directory.withPlatformString({ opendir($0) }) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        var names: [FilePath.Component] = []
        while true {
            // Only errno distinguishes the end of the directory from an error.
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw Errno(rawValue: errno) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { FilePath.Component(platformString: $0) }
            }
            if let name, name.kind == .regular { names.append(name) }
        }
        return names.sorted { $0.string.utf8.lexicographicallyPrecedes($1.string.utf8) }
    }

    /// Returns whether a name without slashes matches a shell pattern, by the rules of `fnmatch(3)` without flags.
    static func matches(_ name: String, pattern: String) -> Bool {
        // In the default locale, `?` and `[…]` would match single bytes instead of characters.
        guard let locale = characterLocale.value else { return fnmatch(pattern, name, 0) == 0 }
        let previous = uselocale(locale)
        defer { uselocale(previous) }
        return fnmatch(pattern, name, 0) == 0
    }

    /// Returns the existing paths that match a shell pattern, sorted, as null-terminated bytes; empty on any failure.
    ///
    /// A path ends with a slash only if the pattern does, because a trailing slash changes the meaning of a folder's
    /// path.
    static func expand(_ pattern: String) -> [[CChar]] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { index in
            found.gl_pathv[index].map { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
        }
    }

    /// A locale with the character encoding UTF-8; `value` is `nil` if the system has none.
    ///
    /// `@unchecked Sendable`: the only field is a constant pointer to a locale that is never modified or freed. POSIX
    /// allows several threads to use such a locale at the same time; `uselocale` changes only the calling thread.
    private struct CharacterLocale: @unchecked Sendable {
        let value = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
    }

    private static let characterLocale = CharacterLocale()
}

private func checkResult(_ result: CInt) throws(Errno) {
    guard result == 0 else { throw Errno(rawValue: errno) }
}

private func platformRename(_ path: UnsafePointer<CChar>, _ target: UnsafePointer<CChar>) -> CInt {
    rename(path, target)
}

extension Errno {
    /// Extracts the `Errno` from an error, even if Foundation has wrapped it, or returns `nil` if there is none.
    init?(causing error: any Error) {
        if let errno = error as? Errno {
            self = errno
        } else if let cause = (error as? CocoaError)?.underlying as? POSIXError {
            self = Errno(rawValue: cause.code.rawValue)
        } else {
            return nil
        }
    }
}
