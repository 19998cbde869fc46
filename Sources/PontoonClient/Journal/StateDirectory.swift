import Foundation
import SystemPackage

/// The directory with the journals of unfinished uploads and the logs of finished ones.
struct StateDirectory: Sendable {
    let path: FilePath

    /// Creates the directory and its subdirectories if they do not exist; blocks.
    ///
    /// - Throws: `.stateUnusable`.
    init(_ path: FilePath) throws {
        self.path = path
        for directory in [uploads, finished] {
            do {
                try FileManager.default.createDirectory(
                    atPath: directory.string,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch {
                throw Self.unusable(directory, error)
            }
        }
    }

    private var uploads: FilePath { path.appending("uploads") }
    private var finished: FilePath { path.appending("finished") }

    /// Opens and locks the journal of an upload; blocks.
    ///
    /// - Throws: `.busy`, `.stateUnusable`.
    func journal(_ key: JournalKey) throws -> Journal<JournalHead> {
        try Journal(uploads.appending(key.fileName), for: key.work)
    }

    /// Returns the path and the first line of each journal, oldest first; blocks.
    ///
    /// Journals without a valid first line are omitted.
    ///
    /// - Throws: `.stateUnusable`.
    func heads() throws -> [(path: FilePath, head: JournalHead)] {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: uploads.string)
            return try names.filter { $0.hasSuffix(".journal") }.compactMap { name in
                let path = uploads.appending(name)
                return try Self.head(at: path).map { (path, $0) }
            }
            .sorted { $0.head.began < $1.head.began }
        } catch {
            throw Self.unusable(uploads, error)
        }
    }

    /// Reads the first line of an upload's journal, which must not be locked; blocks.
    ///
    /// - Returns: `nil` if the journal does not exist or has no valid first line.
    /// - Throws: `.busy`, `.stateUnusable`.
    func head(_ key: JournalKey) throws -> JournalHead? {
        // Opening a journal creates it.
        guard (try? FileStatus(uploads.appending(key.fileName))) != nil else { return nil }
        let journal = try journal(key)
        try journal.close()
        return journal.head
    }

    /// Reads the first line of a journal; `nil` if it does not exist, because another process may have deleted it.
    private static func head(at path: FilePath) throws -> JournalHead? {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
            return Journal<JournalHead>.parse(try file.closeAfter { try file.readAll() }).head
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
    }

    /// Opens the log of the files that have been uploaded to a destination; blocks.
    ///
    /// - Throws: `.stateUnusable`.
    func finishedLog(_ key: JournalKey) throws -> FinishedLog {
        try FinishedLog(finished.appending(key.placeFileName))
    }

    static func unusable(_ path: FilePath, _ error: any Error) -> ClientError {
        ClientError(
            .stateUnusable,
            "Cannot use the journal '\(path)': \(error).",
            advice: "Check disk space and permissions, or use --state with another directory or --no-resume."
        )
    }
}

/// The log of the files that have been uploaded to one destination: one JSON line per file.
///
/// A later line for a file replaces an earlier one. Each line is written with a single call, so several processes may
/// append to the same log.
final class FinishedLog: Sendable {
    private struct Key: Hashable {
        private let source: ByteExactString
        private let remotePath: ByteExactString

        init(source: String, remotePath: String) {
            self.source = ByteExactString(source)
            self.remotePath = ByteExactString(remotePath)
        }
    }

    private let path: FilePath
    private let descriptor: FileDescriptor
    private let records: [Key: FinishedRecord]

    /// Opens or creates the log and reads it; blocks.
    ///
    /// - Throws: `.stateUnusable`.
    init(_ path: FilePath) throws {
        self.path = path
        do {
            let descriptor = try FileDescriptor.openOwn(path, .readWrite, options: [.append])
            do {
                records = Self.parse(try descriptor.readAll())
            } catch {
                try descriptor.close()
                throw error
            }
            self.descriptor = descriptor
        } catch {
            throw StateDirectory.unusable(path, error)
        }
    }

    private static func parse(_ data: Data) -> [Key: FinishedRecord] {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        var records: [Key: FinishedRecord] = [:]
        for line in data.split(separator: UInt8(ascii: "\n")) {
            // A crash may have left an incomplete line.
            guard let record = try? decoder.decode(FinishedRecord.self, from: line) else { continue }
            records[Key(source: record.source, remotePath: record.remotePath)] = record
        }
        return records
    }

    /// Returns the record of a finished file; blocks.
    ///
    /// If only the inode number differs, samples of the content are compared.
    ///
    /// - Parameters:
    ///   - source: Path of the local file.
    ///   - remotePath: Path at the destination.
    ///   - facts: The current properties of the local file.
    /// - Returns: `nil` if there is no record, or if the local file has changed since or cannot be read.
    func record(source: FilePath, remotePath: String, facts: FileFacts) -> FinishedRecord? {
        guard let record = records[Key(source: source.absolute, remotePath: remotePath)] else { return nil }
        if record.identity.facts.isSame(as: facts) { return record }
        guard record.identity.facts.size == facts.size, record.identity.facts.modified == facts.modified,
            let file = try? SourceFile(source)
        else { return nil }
        defer { file.closeAfterReading() }
        guard let sample = try? file.sample() else { return nil }
        return record.identity.isSame(as: FileIdentity(facts: facts, sample: sample)) ? record : nil
    }

    var isEmpty: Bool { records.isEmpty }

    /// Appends a record, without syncing it to disk; blocks.
    ///
    /// - Throws: `.stateUnusable`.
    func add(_ record: FinishedRecord) throws {
        do {
            let encoder = JSONEncoder()
            encoder.dateEncodingStrategy = .iso8601
            // The leading newline separates the record from a line that a crash left incomplete.
            try descriptor.writeAll(Data("\n".utf8) + encoder.encode(record) + Data("\n".utf8))
        } catch {
            throw StateDirectory.unusable(path, error)
        }
    }

    /// Closes the log; must not be called twice.
    func close() throws { try descriptor.close() }
}
