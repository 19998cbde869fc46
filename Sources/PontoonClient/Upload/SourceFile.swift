import Foundation
import Glibc
import PontoonCore
import SystemPackage

/// An open file.
typealias OpenFile = FileDescriptor

/// What tells whether a file is still the one it was.
struct FileFacts: Hashable, Sendable, Codable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    /// Modification time in nanoseconds.
    var modified: Int64

    /// Whether it is the same file at the same path.
    ///
    /// The device does not count: network and removable file systems have another number after a reboot.
    func isSame(as other: FileFacts) -> Bool {
        inode == other.inode && size == other.size && modified == other.modified
    }

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }
}

/// A file that is being sent, open for reading.
///
/// Its calls block: they belong on a thread for file calls.
final class SourceFile: Sendable {
    let path: FilePath
    let facts: FileFacts
    private let mayChange: Bool
    private let descriptor: OpenFile

    /// Opens an ordinary file; `mayChange` when it is no failure that somebody writes to it.
    ///
    /// - Throws: `.fileUnreadable`.
    init(_ path: FilePath, mayChange: Bool = false) throws {
        self.path = path
        self.mayChange = mayChange
        do {
            // Without blocking: a pipe would wait for its writer for ever.
            descriptor = try OpenFile.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch {
            throw Self.unreadable(path, "\(error)")
        }
        do {
            let status = try Self.status(descriptor, path)
            guard status.st_mode & S_IFMT == S_IFREG else { throw Self.unreadable(path, "it is no ordinary file") }
            facts = FileFacts(status)
        } catch {
            try descriptor.close()
            throw error
        }
    }

    /// Closes it; not more than once.
    func close() throws { try descriptor.close() }

    /// Reads bytes at an offset until the buffer is full.
    ///
    /// - Throws: `.fileChanged` when the file ends before; `.fileUnreadable`.
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

    /// Compares the open file, and what lies at its path, with what was there at the start.
    ///
    /// - Throws: `.fileChanged`.
    func checkUnchanged() throws {
        if mayChange { return }
        let now = FileFacts(try Self.status(descriptor, path))
        if now.size != facts.size { throw changed("it had \(facts.size) bytes and has \(now.size)") }
        if now.modified != facts.modified { throw changed("it was written to") }
        var status = stat()
        guard stat(path.string, &status) == 0 else { throw changed("it is gone") }
        if FileFacts(status).inode != facts.inode { throw changed("another file took its place") }
    }

    /// CRC-64/NVME, and MD5 if wanted, of a range.
    func digest(_ range: Range<Int64>, md5: Bool) throws -> RangeDigest {
        var digest = RangeDigest(md5: md5)
        try withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { buffer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let count = Int(min(Int64(buffer.count), range.upperBound - offset))
                let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                try read(at: offset, into: piece)
                digest.update(UnsafeRawBufferPointer(piece))
                offset += Int64(count)
            }
        }
        return digest
    }

    /// CRC-64/NVME of some of the bytes, or of all when there are few.
    ///
    /// Size and time can stay the same while the content changes, as after a restored backup; four samples of 64 KiB
    /// tell.
    func sample() throws -> String {
        let length: Int64 = 64 << 10
        guard facts.size > 4 * length else { return try digest(0..<facts.size, md5: false).crc64.hex }
        var crc64 = CRC64NVME()
        for index in 0..<Int64(4) {
            let start = (facts.size - length) * index / 3
            crc64 = crc64.appending(try digest(start..<(start + length), md5: false).crc64, length: length)
        }
        return crc64.hex
    }

    func changed(_ how: String) -> ClientError {
        ClientError(
            .fileChanged,
            "'\(path)' changed while it was sent: \(how).",
            advice: "Run the same command again when nobody writes to it, or see --allow-changing."
        )
    }

    private static func unreadable(_ path: FilePath, _ reason: String) -> ClientError {
        ClientError(
            .fileUnreadable,
            "'\(path)' cannot be read: \(reason).",
            advice: "Check the path and its permissions."
        )
    }

    private static func status(_ descriptor: OpenFile, _ path: FilePath) throws -> stat {
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { throw unreadable(path, "\(Errno(rawValue: errno))") }
        return status
    }
}
