import PontoonFoundation
import SystemPackage

/// The directory with the journals of unfinished uploads and the logs of finished uploads.
struct StateDirectory: Sendable {
    let path: FilePath

    /// Creates the directory and its subdirectories if they do not exist.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: `.stateUnusable` if a directory cannot be created.
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

    /// Opens and locks the journal of an upload, creating the journal if it does not exist.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: `.busy` if another process has locked the journal; `.stateUnusable` if it cannot be used.
    func journal(_ key: JournalKey) throws -> Journal<JournalHead> {
        try Journal(uploads.appending(key.fileName), for: key.work)
    }

    /// Returns the file names of the journals of unfinished uploads.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: `.stateUnusable` if the directory cannot be read.
    func journalNames() throws -> Set<String> {
        do {
            return Set(try FileManager.default.contentsOfDirectory(atPath: uploads.string))
        } catch {
            throw Self.unusable(uploads, error)
        }
    }

    /// Returns the path and the first line of each journal, oldest first.
    ///
    /// Blocks the calling thread. The result omits journals without a valid first line and, if `omitsUnreadable` is
    /// set, journals that cannot be read.
    ///
    /// - Throws: `.stateUnusable` if the directory or, unless `omitsUnreadable` is set, a journal cannot be read.
    func heads(omitsUnreadable: Bool = false) throws -> [(path: FilePath, head: JournalHead)] {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: uploads.string)
            return try names.filter { $0.hasSuffix(".journal") }.compactMap { name in
                let path = uploads.appending(name)
                do {
                    return try Journal<JournalHead>.head(at: path).map { (path, $0) }
                } catch  where omitsUnreadable {
                    return nil
                }
            }
            .sorted { $0.head.began < $1.head.began }
        } catch {
            throw Self.unusable(uploads, error)
        }
    }

    /// Locks the journal of an upload, reads its first line, and closes the journal.
    ///
    /// Blocks the calling thread.
    ///
    /// - Returns: The first line; `nil` if the journal does not exist or has no valid first line.
    /// - Throws: `.busy` if another process has locked the journal; `.stateUnusable` if it cannot be used.
    func head(_ key: JournalKey) throws -> JournalHead? {
        // Opening a journal creates it.
        guard (try? FileStatus(uploads.appending(key.fileName))) != nil else { return nil }
        let journal = try journal(key)
        try journal.close()
        return journal.head
    }

    /// Opens the log of the files that have been uploaded to the key's destination, creating the log if it does not
    /// exist.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: `.stateUnusable` if the log cannot be used.
    func finishedLog(_ key: JournalKey) throws -> FinishedLog {
        try FinishedLog(finished.appending(key.placeFileName))
    }

    static func unusable(_ path: FilePath, _ error: any Error) -> ClientError {
        ClientError(
            .stateUnusable,
            "Cannot read or write the client's state in '\(path)': \(error).",
            advice: "Check disk space and permissions, or use --state with another directory."
        )
    }
}
