import Foundation
import Glibc
import SystemPackage

/// The folder in which uploads in progress, and those that were finished, are remembered.
struct StateFolder: Sendable {
    let path: FilePath

    /// Makes the folders that are missing.
    ///
    /// - Throws: `.stateUnusable`.
    init(_ path: FilePath) throws {
        self.path = path
        for folder in [uploads, finished] {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder.string,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch {
                throw Self.unusable(folder, error)
            }
        }
    }

    private var uploads: FilePath { path.appending("uploads") }
    private var finished: FilePath { path.appending("finished") }

    /// The journal of an upload, locked.
    ///
    /// - Throws: `.busy`, `.stateUnusable`.
    func journal(_ key: JournalKey) throws -> Journal<JournalHead> {
        try Journal(uploads.appending(key.fileName), for: key.work)
    }

    /// The first lines of all journals, with their files, the oldest first; blocks.
    ///
    /// - Throws: `.stateUnusable`.
    func heads() throws -> [(path: FilePath, head: JournalHead)] {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: uploads.string)
            return try names.filter { $0.hasSuffix(".journal") }.compactMap { name in
                let path = uploads.appending(name)
                return Journal<JournalHead>.parse(try Data(contentsOf: URL(filePath: path.string))).head.map {
                    (path, $0)
                }
            }
            .sorted { $0.head.began < $1.head.began }
        } catch {
            throw Self.unusable(uploads, error)
        }
    }

    /// The first line of an upload's journal, read without locking it.
    ///
    /// - Returns: `nil` when there is none.
    /// - Throws: `.stateUnusable`.
    func head(_ key: JournalKey) throws -> JournalHead? {
        let path = uploads.appending(key.fileName)
        guard FileManager.default.fileExists(atPath: path.string) else { return nil }
        do {
            return Journal<JournalHead>.parse(try Data(contentsOf: URL(filePath: path.string))).head
        } catch {
            throw Self.unusable(path, error)
        }
    }

    /// What was finished at a destination.
    ///
    /// - Throws: `.stateUnusable`.
    func finishedLog(_ key: JournalKey) throws -> FinishedLog {
        try FinishedLog(finished.appending(key.placeFileName))
    }

    static func unusable(_ path: FilePath, _ error: any Error) -> ClientError {
        ClientError(
            .stateUnusable,
            "The journal '\(path)' cannot be used: \(error).",
            advice: "Make room or name another folder by --state; '--no-resume' does without."
        )
    }
}

/// What was finished at one destination, one JSON line for each file; later lines win.
///
/// A line is written at once, so several processes may add to one log.
final class FinishedLog: Sendable {
    private struct Key: Hashable {
        private let source: ExactText
        private let remotePath: ExactText

        init(source: String, remotePath: String) {
            self.source = ExactText(source)
            self.remotePath = ExactText(remotePath)
        }
    }

    private let path: FilePath
    private let descriptor: FileDescriptor
    private let records: [Key: FinishedRecord]

    /// Opens or makes the log, and reads it; blocks.
    ///
    /// - Throws: `.stateUnusable`.
    init(_ path: FilePath) throws {
        self.path = path
        do {
            descriptor = try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .append, .closeOnExec],
                permissions: .ownerReadWrite
            )
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            var records: [Key: FinishedRecord] = [:]
            for line in try descriptor.readAll().split(separator: UInt8(ascii: "\n")) {
                // A line that a crash cut says nothing.
                guard let record = try? decoder.decode(FinishedRecord.self, from: line) else { continue }
                records[Key(source: record.source, remotePath: record.remotePath)] = record
            }
            self.records = records
        } catch {
            throw StateFolder.unusable(path, error)
        }
    }

    /// What is known of a file; `nil` when it was not finished, or when it is no longer the same file.
    func record(source: String, remotePath: String, facts: FileFacts) -> FinishedRecord? {
        guard let record = records[Key(source: source, remotePath: remotePath)], record.identity.facts.isSame(as: facts)
        else {
            return nil
        }
        return record
    }

    /// Whether nothing is known.
    var isEmpty: Bool { records.isEmpty }

    /// Adds a file; blocks.
    ///
    /// - Throws: `.stateUnusable`.
    func add(_ record: FinishedRecord) throws {
        do {
            let encoder = JSONEncoder()
            encoder.dateEncodingStrategy = .iso8601
            // In front as well: a line that a crash cut must not spoil this one.
            try descriptor.writeAll(Data("\n".utf8) + encoder.encode(record) + Data("\n".utf8))
        } catch {
            throw StateFolder.unusable(path, error)
        }
    }

    /// Closes the file; not more than once.
    func close() throws { try descriptor.close() }
}
