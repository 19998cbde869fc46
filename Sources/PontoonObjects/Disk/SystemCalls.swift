import CFileCalls
import Glibc
import PontoonCore
import SystemPackage

/// An open file; NIO has a type of the same short name.
typealias DiskFile = FileDescriptor

/// File calls that swift-system does not have, with its error type.
extension FileDescriptor {
    /// Waits until the bytes, and the length if it changed, are on the disk.
    func syncData() throws { try check { fdatasync(rawValue) } }

    /// Waits until everything about the file or folder is on the disk.
    func sync() throws { try check { fsync(rawValue) } }

    /// Starts to write a range to the disk without waiting, so that the ``syncData()`` at the end is short.
    func startWriting(offset: Int64, count: Int64) throws {
        try check { cfilecalls_start_writing(rawValue, offset, count) }
    }

    /// Holds room for the first `size` bytes and makes the file that long.
    ///
    /// - Returns: `false` when the file system cannot hold room in advance.
    func allocate(size: Int64) throws -> Bool {
        do {
            try check { cfilecalls_allocate(rawValue, size) }
            return true
        } catch Errno.notSupported {
            return false
        }
    }

    /// Frees the room of a range; it reads as zeroes from then on.
    ///
    /// Does nothing where the file system cannot.
    func punchHole(offset: Int64, count: Int64) throws {
        do {
            try check { cfilecalls_punch_hole(rawValue, offset, count) }
        } catch Errno.notSupported {}
    }

    /// Sets the length.
    func truncate(to size: Int64) throws { try check { ftruncate(rawValue, Int(size)) } }

    /// Length in bytes.
    func size() throws -> Int64 {
        try seek(offset: 0, from: .end)
    }

    /// Bytes from `offset` on, at most `count`, that are in memory: reading them does not wait for the disk.
    ///
    /// The file's pages are looked up in the system's cache (`mincore`), none is read. Where the system does not tell, 0.
    func bytesInMemory(at offset: Int, count: Int) -> Int {
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

    /// Copies a range inside the kernel; a file system that can, shares the blocks instead.
    ///
    /// - Throws: ``LostBytes`` when the source is shorter than the range.
    func copy(from source: FileDescriptor, at start: Int64, count: Int64, to target: Int64) throws {
        var (from, to, left) = (start, target, count)
        while left > 0 {
            let copied = cfilecalls_copy_range(source.rawValue, &from, rawValue, &to, left)
            if copied < 0 {
                guard errno == EINTR else { throw Errno(rawValue: errno) }
            } else if copied == 0 {
                throw LostBytes()
            } else {
                left -= copied
            }
        }
    }
}

/// Calls on paths.
enum Folder {
    /// Makes a folder that only its owner may enter; one that exists is fine.
    ///
    /// - Returns: Whether there was none.
    @discardableResult
    static func make(_ path: FilePath) throws -> Bool {
        do {
            try check { path.withPlatformString { mkdir($0, 0o700) } }
            return true
        } catch Errno.fileExists {
            return false
        }
    }

    /// Waits until the names in a folder are on the disk.
    static func sync(_ path: FilePath) throws {
        let folder = try FileDescriptor.open(path, .readOnly, options: .directory)
        try folder.closeAfter { try folder.sync() }
    }

    /// Names in a folder; none when it does not exist.
    static func names(_ path: FilePath) throws -> [String] {
        guard let stream = path.withPlatformString(opendir) else {
            guard errno == ENOENT else { throw Errno(rawValue: errno) }
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a folder and the files directly in it; nothing happens when there is none.
    static func remove(_ path: FilePath) throws {
        for name in try names(path) { try Link.remove(path.appending(name)) }
        do {
            try check { path.withPlatformString(rmdir) }
        } catch Errno.noSuchFileOrDirectory {}
    }

    /// Bytes that an ordinary process may still write on a path's file system.
    static func room(_ path: FilePath) throws -> Int64 {
        var status = statvfs()
        try check { path.withPlatformString { statvfs($0, &status) } }
        return Int64(clamping: status.f_bavail).multipliedReportingOverflow(by: Int64(status.f_frsize)).partialValue
    }
}

/// Names of files.
enum Link {
    /// Removes a file; nothing happens when there is none.
    static func remove(_ path: FilePath) throws {
        do {
            try check { path.withPlatformString(unlink) }
        } catch Errno.noSuchFileOrDirectory {}
    }

    /// Moves a file in one step.
    static func rename(_ from: FilePath, to: FilePath) throws {
        try check { from.withPlatformString { source in to.withPlatformString { Glibc.rename(source, $0) } } }
    }

    /// Whether there is a file.
    static func exists(_ path: FilePath) throws -> Bool {
        do {
            try check { path.withPlatformString { access($0, F_OK) } }
            return true
        } catch Errno.noSuchFileOrDirectory {
            return false
        }
    }
}

/// Runs a call, again when a signal cut it off, and throws its error.
private func check(_ call: () -> CInt) throws {
    while call() != 0 {
        guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
}

/// A file is shorter than the records say.
struct LostBytes: Error {}

/// Turns "the disk is full" into the caller's refusal; other errors pass as they are.
func reportingFullDisk<Value>(_ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as Errno where error == .noSpace || error == .diskQuotaExceeded {
        throw PontoonError(.storageFull, "There is no room for the part.", cause: error)
    }
}
