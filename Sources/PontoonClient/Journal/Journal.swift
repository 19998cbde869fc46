import PontoonFoundation
import PontoonCore
import Synchronization
import SystemPackage

/// The on-disk record of one transfer: a file with a JSON line for the transfer, followed by one line per part.
///
/// Once `append` returns, the line survives a crash of this process, but not necessarily a power failure. Incomplete
/// lines, such as the last one after a crash, are ignored. The journal is locked while it is open, so that no two
/// processes transfer the same file. All calls block the calling thread.
final class Journal<Head: JournalHeading>: Sendable {
    private struct State {
        var lastSync = ContinuousClock.now
        var isClosed = false
    }

    /// The transfer that an earlier run recorded; `nil` if the file has no valid first line.
    let head: Head?
    /// Parts that earlier runs recorded, by number; a later line for a part replaces an earlier one.
    let parts: [Int: JournalPart]

    private let path: FilePath
    private let descriptor: FileDescriptor
    private let state = Mutex(State())

    /// Opens or creates the journal and locks it.
    ///
    /// - Parameters:
    ///   - path: Path of the file.
    ///   - work: Description of the transfer for the `.busy` error, such as `the download to 'reads.bam'`.
    /// - Throws: `.busy` if another process has locked the file; `.stateUnusable` if the file cannot be used.
    init(_ path: FilePath, for work: String) throws {
        self.path = path
        descriptor = try Self.openLocked(path, work)
        do {
            let contents = try Self.contents(descriptor, path)
            (head, parts) = Self.parse(contents)
            // Remove an incomplete last line, so that the next line does not become part of it.
            let complete = contents.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            if complete < contents.count { try descriptor.resize(to: Int64(complete)) }
        } catch {
            try descriptor.close()
            throw error is ClientError ? error : StateDirectory.unusable(path, error)
        }
    }

    /// Truncates the journal and writes a new first line.
    ///
    /// - Parameters:
    ///   - head: The new first line, which describes the transfer.
    ///   - isDurable: Whether to sync the line to disk before returning.
    /// - Throws: `.stateUnusable`.
    func begin(_ head: Head, isDurable: Bool) throws {
        try mappingErrors {
            try descriptor.resize(to: 0)
            try write(head)
            if isDurable { try FileSystem.synchronize(descriptor) }
        }
    }

    /// Appends a line for a part that has been transferred.
    ///
    /// The journal is synced at most once per second. A power failure may lose the lines written since the last sync.
    /// Their parts may then have to be transferred again.
    ///
    /// - Throws: `.stateUnusable`.
    func append(_ part: JournalPart) throws {
        try mappingErrors {
            try write(part)
            let isDue = state.withLock { state in
                guard state.lastSync + .seconds(1) < .now else { return false }
                state.lastSync = .now
                return true
            }
            if isDue { try FileSystem.synchronize(descriptor) }
        }
    }

    /// Deletes the file and closes the journal.
    ///
    /// - Throws: `.stateUnusable` if the file cannot be deleted.
    func remove() throws {
        try mappingErrors {
            try FileManager.default.removeItem(atPath: path.string)
            try close()
        }
    }

    /// Closes the journal, but leaves the file for a later run.
    ///
    /// Only the first call has an effect.
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

    private func mappingErrors<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw StateDirectory.unusable(path, error)
        }
    }
}

extension Journal {
    private static func openLocked(_ path: FilePath, _ work: String) throws -> FileDescriptor {
        while true {
            let descriptor: FileDescriptor
            do {
                descriptor = try FileDescriptor.openOwn(path, .readWrite, options: [.append])
            } catch {
                throw StateDirectory.unusable(path, error)
            }
            do {
                guard try FileSystem.tryLock(descriptor) else { throw busy(work) }
                // The previous owner of the lock may have deleted the file between the open and the lock.
                if let named = try? FileStatus(path, followingLinks: false),
                    try FileStatus(descriptor).inode == named.inode
                {
                    return descriptor
                }
            } catch {
                try descriptor.close()
                throw error is ClientError ? error : StateDirectory.unusable(path, error)
            }
            try descriptor.close()
        }
    }

    private static func busy(_ work: String) -> ClientError {
        ClientError(
            .busy,
            "Another process is still running \(work).",
            advice: "Wait until it finishes, or stop it. Then run the same command again."
        )
    }

    private static func contents(_ descriptor: FileDescriptor, _ path: FilePath) throws -> Data {
        do {
            return try descriptor.readAll()
        } catch {
            throw StateDirectory.unusable(path, error)
        }
    }

    /// Reads the first line of a journal without locking it.
    ///
    /// Blocks the calling thread.
    ///
    /// - Returns: The first line; `nil` if the journal does not exist or has no valid first line.
    /// - Throws: `Errno` if the journal cannot be read.
    static func head(at path: FilePath) throws -> Head? {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            return parse(try file.closeAfter { try file.readAll(until: UInt8(ascii: "\n")) }).head
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
    }

    /// Parses the lines of a journal.
    ///
    /// If the first line is invalid, the result has no head and no parts. Other invalid lines are ignored, such as a
    /// line that a crash left incomplete.
    static func parse(_ data: Data) -> (head: Head?, parts: [Int: JournalPart]) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        var lines = data.split(separator: UInt8(ascii: "\n")).makeIterator()
        guard let first = lines.next(), let head = try? decoder.decode(Head.self, from: first), head.version == 1
        else { return (nil, [:]) }
        var parts: [Int: JournalPart] = [:]
        while let line = lines.next() {
            guard let part = try? decoder.decode(JournalPart.self, from: line) else { continue }
            parts[part.number] = part
        }
        return (head, parts)
    }
}

extension FileDescriptor {
    /// Reads the file from its start to its end, or up to and including the first occurrence of a byte.
    func readAll(until last: UInt8? = nil) throws -> Data {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try buffer.withUnsafeMutableBytes {
                try read(fromAbsoluteOffset: Int64(data.count), into: $0)
            }
            if count == 0 { return data }
            if let last, let index = buffer[..<count].firstIndex(of: last) { return data + buffer[...index] }
            data.append(contentsOf: buffer[..<count])
        }
    }
}
