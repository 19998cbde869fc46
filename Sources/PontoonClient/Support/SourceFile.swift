import PontoonFoundation
import PontoonCore
import Synchronization
import SystemPackage

/// The properties of a file that change when it is modified or replaced.
///
/// They are stored in journals.
struct FileFacts: Hashable, Sendable, Codable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    /// Time of the last modification, in nanoseconds since 1970, modulo 2^64.
    var modified: Int64

    init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
        size = status.size
        modified = status.modified
    }

    /// Returns whether both values describe the same, unchanged file.
    ///
    /// The device number is ignored, because it can change after a reboot on network and removable file systems.
    func isSame(as other: FileFacts) -> Bool {
        inode == other.inode && size == other.size && modified == other.modified
    }
}

/// A local file that is open for reading.
///
/// All methods block the calling thread.
final class SourceFile: Sendable {
    let path: FilePath
    let facts: FileFacts
    /// The modification time in the format of ``FileTime``; `nil` for a temporary file, and for a time that is not
    /// between about 1678 and 2261.
    let time: String?
    private let mayChange: Bool
    private let isUploaded: Bool
    private let descriptor: FileDescriptor
    private let md5 = Mutex<String?>(nil)

    /// Opens a regular file.
    ///
    /// - Parameters:
    ///   - path: Path of the file.
    ///   - isUploaded: Whether the file is being uploaded rather than compared. Determines the advice in the error for
    ///     a changed file.
    ///   - mayChange: Whether ``checkUnchanged()`` accepts a changed file.
    /// - Throws: `.fileUnreadable` if the file cannot be opened or is not a regular file.
    init(_ path: FilePath, isUploaded: Bool = false, mayChange: Bool = false) throws {
        self.path = path
        self.isUploaded = isUploaded
        self.mayChange = mayChange
        do {
            // Non-blocking, because opening a named pipe would otherwise wait for a writer.
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch {
            throw Self.unreadable(path, "\(error)")
        }
        do {
            let status = try Self.status(of: descriptor, path)
            guard status.kind == .file else { throw Self.unreadable(path, "it is not a regular file") }
            facts = FileFacts(status)
            time = status.isTimeExact ? FileTime.text(status.modified) : nil
        } catch {
            try descriptor.close()
            throw error
        }
    }

    /// Creates a source for a temporary file that this process has already unlinked.
    ///
    /// - Parameters:
    ///   - temporary: The open file, which ``close()`` closes.
    ///   - path: Path for error messages.
    /// - Throws: `.fileUnreadable` if the file's status cannot be read. The file then remains open.
    init(temporary: FileDescriptor, path: FilePath) throws {
        self.path = path
        descriptor = temporary
        facts = FileFacts(try Self.status(of: temporary, path))
        time = nil
        // Only this process can change the file.
        (mayChange, isUploaded) = (true, true)
    }

    /// Closes the file.
    ///
    /// Must not be called twice.
    func close() throws { try descriptor.close() }

    /// Closes the file like ``close()``, but ignores errors, because nothing was written that could be lost.
    func closeAfterReading() {
        do { try descriptor.close() } catch {}
    }

    /// Fills a buffer with the bytes at an offset.
    ///
    /// - Throws: `.fileChanged` if the file ends before the buffer is full; `.fileUnreadable` if it cannot be read.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let count: Int
            do {
                count = try descriptor.read(
                    fromAbsoluteOffset: offset + Int64(done),
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                )
            } catch {
                throw Self.unreadable(path, "\(error)")
            }
            guard count > 0 else { throw changed("it became shorter") }
            done += count
        }
    }

    /// Checks that the file has not been modified, removed or replaced since it was opened.
    ///
    /// Accepts a replacement with the same length and modification time. Does nothing if the source was created with
    /// `mayChange`, or for a temporary file.
    ///
    /// - Throws: `.fileChanged` if the check fails; `.fileUnreadable` if the status of the open file cannot be read.
    func checkUnchanged() throws {
        if mayChange { return }
        let now = FileFacts(try Self.status(of: descriptor, path))
        if now.size != facts.size { throw changed("its length was \(facts.size) bytes and is now \(now.size)") }
        if now.modified != facts.modified { throw changed("it was modified") }
        let current: FileStatus
        do {
            current = try FileStatus(path)
        } catch {
            throw changed("it was removed")
        }
        // A different inode number alone is not a change. The file may have been replaced by a copy of itself, and some
        // network file systems change inode numbers.
        if current.inode != facts.inode, current.size != facts.size || current.modified != facts.modified {
            throw changed("it was replaced by another file")
        }
    }

    /// Computes the CRC-64/NVME of a range, and its MD5 if requested.
    ///
    /// - Throws: `.fileChanged` if the file ends before the range does; `.fileUnreadable` if it cannot be read.
    func digest(_ range: Range<Int64>, md5: Bool) throws -> RangeDigest {
        var digest = RangeDigest(md5: md5)
        try forEachChunk(of: range) { digest.update($0) }
        return digest
    }

    /// Returns the MD5 of the whole file as 32 hexadecimal digits.
    ///
    /// After the first call, returns the stored result without reading the file.
    ///
    /// - Throws: `.fileChanged` if the file has become shorter; `.fileUnreadable` if it cannot be read.
    func wholeMD5() throws -> String {
        if let known = md5.withLock({ $0 }) { return known }
        let computed = try ChecksumFormat.md5sum.checksum(of: self)
        md5.withLock { $0 = computed }
        return computed
    }

    /// Reads a range in chunks.
    ///
    /// - Throws: `.fileChanged` if the file ends before the range does; `.fileUnreadable` if it cannot be read.
    func forEachChunk(of range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { buffer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let count = Int(min(Int64(buffer.count), range.upperBound - offset))
                let chunk = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                try read(at: offset, into: chunk)
                body(UnsafeRawBufferPointer(chunk))
                offset += Int64(count)
            }
        }
    }

    /// Computes the CRC-64/NVME of four samples of 64 KiB, or of the whole file if it is no longer than 256 KiB.
    ///
    /// Detects most changes to the content that keep the length and modification time, such as a restored backup.
    ///
    /// - Parameter known: CRC-64/NVME of the whole file, so that a file of up to 256 KiB is not read again; `nil` if it
    ///   is not known.
    /// - Returns: The checksum as 16 hexadecimal digits.
    /// - Throws: `.fileChanged` if the file has become shorter; `.fileUnreadable` if it cannot be read.
    func sample(_ known: CRC64NVME? = nil) throws -> String {
        let length: Int64 = 64 << 10
        guard facts.size > 4 * length else { return try (known ?? digest(0..<facts.size, md5: false).crc64).hex }
        var crc64 = CRC64NVME()
        for index in 0..<Int64(4) {
            // Equal to `(facts.size - length) * index / 3`, which could overflow.
            let (third, remainder) = (facts.size - length).quotientAndRemainder(dividingBy: 3)
            let start = third * index + remainder * index / 3
            crc64 = crc64.appending(try digest(start..<(start + length), md5: false).crc64, length: length)
        }
        return crc64.hex
    }

    /// Returns the error for a changed file; `reason` describes the difference, such as `it was modified`.
    func changed(_ reason: String) -> ClientError {
        ClientError(
            .fileChanged,
            "'\(path)' changed while it was being read: \(reason).",
            advice: "Run the same command again once the file no longer changes"
                + (isUploaded ? ", or upload it with --allow-changing." : ".")
        )
    }

    private static func unreadable(_ path: FilePath, _ reason: String) -> ClientError {
        ClientError(
            .fileUnreadable,
            "Cannot read '\(path)': \(reason).",
            advice: "Check the path and its permissions."
        )
    }

    private static func status(of descriptor: FileDescriptor, _ path: FilePath) throws -> FileStatus {
        do {
            return try FileStatus(descriptor)
        } catch {
            throw unreadable(path, "\(error)")
        }
    }
}

extension FilePath {
    /// The absolute, lexically normalized path.
    ///
    /// Symbolic links are not resolved, so that the user recognizes the path.
    var absolute: String {
        if isAbsolute { return lexicallyNormalized().string }
        return FilePath(FileManager.default.currentDirectoryPath).pushing(self).lexicallyNormalized().string
    }
}
