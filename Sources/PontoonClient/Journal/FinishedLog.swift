import Crypto
import PontoonFoundation
import PontoonCore
import Synchronization
import SystemPackage

/// The log of the files that have been uploaded to one destination: one JSON line per file.
///
/// A later line for a file replaces an earlier one. Lines are appended with a single call, so several processes may
/// write to the same log. Only the positions of the lines are stored in memory, which takes about 60 bytes per file.
final class FinishedLog: Sendable {
    /// A digest of a file's path and destination.
    private typealias Key = [UInt8]

    /// The position of a line in the file.
    private struct Line {
        let offset: Int64
        let count: Int
    }

    private let path: FilePath
    private let descriptor: FileDescriptor
    private let lines: [Key: Line]

    /// Minimum number of outdated lines at which the log is rewritten.
    ///
    /// The outdated lines must also outnumber the current lines.
    private static let minimumOutdated = 1000
    /// Maximum length of a line in bytes; longer lines are ignored.
    private static let maximumLine = 64 << 10

    /// Opens or creates the log and reads it.
    ///
    /// Blocks the calling thread. Rewrites the log if most of its lines, and at least ``minimumOutdated``, are
    /// outdated, unless another process is rewriting it.
    ///
    /// - Throws: `.stateUnusable`.
    init(_ path: FilePath) throws {
        self.path = path
        do {
            let opened = try Self.open(path)
            do {
                let (lines, count) = try Self.index(opened)
                let outdated = count - lines.count
                guard outdated >= Self.minimumOutdated, outdated > lines.count, try FileSystem.tryLock(opened) else {
                    (descriptor, self.lines) = (opened, lines)
                    return
                }
                // Records that another process appends during the rewrite are lost. Their files are then compared by
                // checksum.
                (descriptor, self.lines) = try Self.rewrite(path, opened, lines)
            } catch {
                try opened.close()
                throw error
            }
            try opened.close()
        } catch {
            throw StateDirectory.unusable(path, error)
        }
    }

    /// Reads the record of a file that had been uploaded when the log was opened.
    ///
    /// Blocks the calling thread. If only the inode number of the local file differs from the record, samples of the
    /// content are compared.
    ///
    /// - Returns: The record; `nil` if there is none, or if the local file has changed since its upload.
    /// - Throws: `.stateUnusable`.
    func record(source: String, remotePath: String, facts: FileFacts) throws -> FinishedRecord? {
        guard let line = lines[Self.key(source, remotePath)] else { return nil }
        do {
            guard let record = Self.parse(try descriptor.bytes(line.offset, line.count)[...]),
                record.source.utf8.elementsEqual(source.utf8), record.remotePath.utf8.elementsEqual(remotePath.utf8)
            else { return nil }
            return record.identity.facts.isSame(as: facts) || Self.isSame(record, source, facts) ? record : nil
        } catch {
            throw StateDirectory.unusable(path, error)
        }
    }

    private static func isSame(_ record: FinishedRecord, _ source: String, _ facts: FileFacts) -> Bool {
        guard record.identity.facts.size == facts.size, record.identity.facts.modified == facts.modified,
            let file = try? SourceFile(FilePath(source))
        else { return false }
        defer { file.closeAfterReading() }
        guard let sample = try? file.sample() else { return false }
        return record.identity.isSame(as: FileIdentity(facts: facts, sample: sample))
    }

    var isEmpty: Bool { lines.isEmpty }

    /// Appends records without syncing them to disk.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: `.stateUnusable`.
    func add(_ records: [FinishedRecord]) throws {
        do {
            let encoder = JSONEncoder()
            encoder.dateEncodingStrategy = .iso8601
            // The leading newline separates the records from an incomplete line, which a crash may have left.
            var lines = Data("\n".utf8)
            for record in records { lines += try encoder.encode(record) + Data("\n".utf8) }
            try descriptor.writeAll(lines)
        } catch {
            throw StateDirectory.unusable(path, error)
        }
    }

    /// Closes the log.
    ///
    /// Must be called only once.
    func close() throws { try descriptor.close() }
}

extension FinishedLog {
    private static func open(_ path: FilePath) throws -> FileDescriptor {
        try FileDescriptor.openOwn(path, .readWrite, options: [.append])
    }

    private static func key(_ source: String, _ remotePath: String) -> Key {
        Array(SHA256.hash(data: Data("\(source)\n\(remotePath)".utf8)).prefix(16))
    }

    /// Parses a line, or returns `nil` if it is not a valid record, for example because a crash left it incomplete.
    private static func parse(_ line: ArraySlice<UInt8>) -> FinishedRecord? {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try? decoder.decode(FinishedRecord.self, from: Data(line))
    }

    /// Reads the log and finds the current line of each file.
    ///
    /// - Returns: The last line of each file, and the number of lines with a valid record.
    private static func index(_ file: FileDescriptor) throws -> (lines: [Key: Line], count: Int) {
        var (lines, count) = ([Key: Line](), 0)
        var line: [UInt8] = []
        var (start, position) = (Int64(0), Int64(0))
        func finish() {
            defer { line.removeAll(keepingCapacity: true) }
            guard !line.isEmpty, line.count <= maximumLine, let record = parse(line[...]) else { return }
            count += 1
            lines[key(record.source, record.remotePath)] = Line(offset: start, count: line.count)
        }
        while true {
            let piece = try file.bytes(position, 64 << 10, mayEnd: true)
            if piece.isEmpty { break }
            for (index, byte) in piece.enumerated() {
                if byte == UInt8(ascii: "\n") {
                    finish()
                    start = position + Int64(index) + 1
                } else if line.count <= maximumLine {
                    line.append(byte)
                }
            }
            position += Int64(piece.count)
        }
        finish()
        return (lines, count)
    }

    /// Replaces the log with one that contains only the given lines.
    ///
    /// - Returns: The descriptor of the new log, and the positions of its lines.
    private static func rewrite(
        _ path: FilePath,
        _ old: FileDescriptor,
        _ lines: [Key: Line]
    ) throws -> (FileDescriptor, [Key: Line]) {
        let newPath = FilePath(path.string + ".new")
        let new = try open(newPath)
        do {
            try new.resize(to: 0)
            var moved: [Key: Line] = [:]
            var (buffer, position) = ([UInt8](), Int64(0))
            for (key, line) in lines.sorted(by: { $0.value.offset < $1.value.offset }) {
                moved[key] = Line(offset: position, count: line.count)
                buffer += try old.bytes(line.offset, line.count) + [UInt8(ascii: "\n")]
                position += Int64(line.count) + 1
                if buffer.count >= 1 << 20 {
                    try new.writeAll(buffer)
                    buffer = []
                }
            }
            try new.writeAll(buffer)
            try FileSystem.synchronize(new)
            try FileSystem.rename(newPath, replacing: path)
            return (new, moved)
        } catch {
            try new.close()
            throw error
        }
    }
}

extension FileDescriptor {
    /// Reads `count` bytes at an offset, or fewer at the end of the file if `mayEnd` is set.
    ///
    /// - Throws: `Errno.ioError` if the file ends before `count` bytes, unless `mayEnd` is set; any other `Errno`.
    fileprivate func bytes(_ offset: Int64, _ count: Int, mayEnd: Bool = false) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let read = try read(fromAbsoluteOffset: offset + Int64(filled), into: rest)
                if read == 0 {
                    guard mayEnd else { throw Errno.ioError }
                    return
                }
                filled += read
            }
        }
    }
}
