import Foundation
import Glibc
import PontoonCore
import Synchronization
import SystemPackage

/// What is known of one upload, in a file of its own: one JSON line for the upload, one for each part.
///
/// A line is in the file when `append` returns, so that it survives the end of this process; it is on the disk a second
/// later at most. A line that a crash cut is the last one, and is passed over. The open file is locked, so that two
/// processes do not send one file twice. All calls block.
final class Journal<Head: JournalHeading>: Sendable {
    private struct State {
        var syncedAt = ContinuousClock.now
        var isClosed = false
    }

    /// What an earlier run wrote; `nil` when there is nothing, or nothing of use.
    let head: Head?
    /// Parts acknowledged earlier, by number; a later line wins.
    let parts: [Int: JournalPart]

    private let path: FilePath
    private let descriptor: FileDescriptor
    private let state = Mutex(State())

    /// Opens or makes the journal, and locks it; `work` is what it is about, in words.
    ///
    /// - Throws: `.busy` when another process has it; `.stateUnusable`.
    init(_ path: FilePath, for work: String) throws {
        self.path = path
        descriptor = try Self.openLocked(path, work)
        do {
            (head, parts) = Self.parse(try Self.contents(descriptor, path))
        } catch {
            try descriptor.close()
            throw error
        }
    }

    /// Begins anew: what was in it is gone.
    ///
    /// - Parameters:
    ///   - head: The upload.
    ///   - isSmall: Whether the upload is so quick that the disk need not be waited for.
    /// - Throws: `.stateUnusable`.
    func begin(_ head: Head, isSmall: Bool) throws {
        try usable {
            guard ftruncate(descriptor.rawValue, 0) == 0 else { throw Errno(rawValue: errno) }
            try write(head)
            if !isSmall { try sync() }
        }
    }

    /// Adds a part.
    ///
    /// - Throws: `.stateUnusable`.
    func append(_ part: JournalPart) throws {
        try usable {
            try write(part)
            let isDue = state.withLock { state in
                guard state.syncedAt + .seconds(1) < .now else { return false }
                state.syncedAt = .now
                return true
            }
            if isDue { try sync() }
        }
    }

    /// Removes the file: the upload ended.
    func remove() throws {
        try usable {
            try FileManager.default.removeItem(atPath: path.string)
            try close()
        }
    }

    /// Leaves it for a later run.
    func close() throws {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        if isFirst { try descriptor.close() }
    }

    private func write(_ line: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        try descriptor.writeAll(try encoder.encode(line) + Data("\n".utf8))
    }

    private func sync() throws {
        guard fdatasync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }

    private func usable<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw StateFolder.unusable(path, error)
        }
    }
}

extension Journal {
    private static func openLocked(_ path: FilePath, _ work: String) throws -> FileDescriptor {
        while true {
            let descriptor: FileDescriptor
            do {
                descriptor = try FileDescriptor.open(
                    path,
                    .readWrite,
                    options: [.create, .append, .closeOnExec],
                    permissions: .ownerReadWrite
                )
            } catch {
                throw StateFolder.unusable(path, error)
            }
            guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
                try descriptor.close()
                throw ClientError(
                    .busy,
                    "Another process is at it already: \(work).",
                    advice: "Wait for it, or end it; then run this command again."
                )
            }
            // Who held the lock before may have removed the file meanwhile: then this one is nobody's.
            var (opened, named) = (stat(), stat())
            if fstat(descriptor.rawValue, &opened) == 0, stat(path.string, &named) == 0, opened.st_ino == named.st_ino {
                return descriptor
            }
            try descriptor.close()
        }
    }

    private static func contents(_ descriptor: FileDescriptor, _ path: FilePath) throws -> Data {
        do {
            return try descriptor.readAll()
        } catch {
            throw StateFolder.unusable(path, error)
        }
    }

    /// Reads the lines up to the first that makes no sense.
    static func parse(_ data: Data) -> (head: Head?, parts: [Int: JournalPart]) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        var lines = data.split(separator: UInt8(ascii: "\n")).makeIterator()
        guard let first = lines.next(), let head = try? decoder.decode(Head.self, from: first), head.version == 1
        else { return (nil, [:]) }
        var parts: [Int: JournalPart] = [:]
        while let line = lines.next(), let part = try? decoder.decode(JournalPart.self, from: line) {
            parts[part.number] = part
        }
        return (head, parts)
    }
}

extension FileDescriptor {
    /// Reads from the beginning to the end.
    func readAll() throws -> Data {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try buffer.withUnsafeMutableBytes {
                try read(fromAbsoluteOffset: Int64(data.count), into: $0)
            }
            if count == 0 { return data }
            data.append(contentsOf: buffer[..<count])
        }
    }
}
