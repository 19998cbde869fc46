import Crypto
import PontoonFoundation
import PontoonCore
import SystemPackage

/// The persistent state of a watched run, stored in one file per run.
struct RunRecord: Hashable, Sendable, Codable {
    var version = 1
    /// Absolute path of the run's folder.
    var run: String
    /// ``RunScan/fingerprint`` of the last scan.
    var fingerprint = ""
    /// Time at which the run last changed.
    var changed = Date.now
    /// The final state; `nil` while the run is being watched.
    var result: RunState?
    /// Whether ``RunWatcher/Hooks/ended`` has returned for the current result.
    var isAnnounced = false
    /// The markers of a run that was compared; if the markers of a complete run change, it is watched again.
    var markers: [Marker] = []
    /// Path of the receipt; `nil` unless the run's files have all been uploaded.
    var receipt: String?

    /// A marker file, used to detect a new run in a folder of the same name.
    struct Marker: Hashable, Sendable, Codable {
        let path: String
        let size: Int64
        /// Time of the last modification, in nanoseconds since 1970.
        let modified: Int64

        /// Whether the file exists and has a different length or modification time.
        ///
        /// Blocks the calling thread. A marker that was removed or cannot be read does not count as changed.
        var hasChanged: Bool {
            guard let status = try? FileStatus(FilePath(path)) else { return false }
            return status.size != size || status.modified != modified
        }
    }
}

/// The folder with the records of one watch.
///
/// A watch is identified by the watched folder and the destination. The folder is locked while the watch runs.
struct WatchState: Sendable {
    private let folder: FilePath
    private let lock: FileDescriptor

    /// Default folder for the receipts.
    var receipts: FilePath { folder.appending("receipts") }

    /// Creates the folder if it does not exist, and locks it.
    ///
    /// Blocks the calling thread.
    ///
    /// - Parameters:
    ///   - state: The client's state directory.
    ///   - root: The watched folder.
    ///   - place: ``JournalKey/place`` of the destination.
    /// - Throws: `.busy` if another process watches the same folder for the same destination; `.stateUnusable`.
    init(_ state: FilePath, root: FilePath, place: String) throws {
        folder = state.appending("watch").appending(Self.digest("\(place)\n\(root)"))
        do {
            try FileManager.default.createDirectory(
                atPath: folder.string,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            lock = try FileDescriptor.openOwn(folder.appending("lock"), .readWrite)
        } catch {
            throw StateDirectory.unusable(folder, error)
        }
        do {
            guard try FileSystem.tryLock(lock) else {
                throw ClientError(
                    .busy,
                    "Another process is watching '\(root)' for the same destination.",
                    advice: "Stop it first."
                )
            }
        } catch {
            try lock.close()
            throw error is ClientError ? error : StateDirectory.unusable(folder, error)
        }
    }

    /// Releases the lock; must not be called twice.
    func close() throws { try lock.close() }

    /// Reads the record of a run.
    ///
    /// Blocks the calling thread.
    ///
    /// - Returns: `nil` if there is none, or if it is not valid.
    func record(_ run: RunFolder) -> RunRecord? {
        guard let data = try? Data(contentsOf: URL(filePath: path(run).string)),
            let record = try? JSONDecoder().decode(RunRecord.self, from: data), record.version == 1,
            record.run.utf8.elementsEqual(run.path.string.utf8)
        else { return nil }
        return record
    }

    /// Replaces the record of a run.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: `.stateUnusable`.
    func save(_ record: RunRecord, of run: RunFolder) throws {
        do {
            try JSONEncoder().encode(record).write(to: URL(filePath: path(run).string), options: .atomic)
        } catch {
            throw StateDirectory.unusable(path(run), error)
        }
    }

    /// Writes the receipt of a run, by default to ``receipts``, and replaces an existing receipt of the run.
    ///
    /// Blocks the calling thread.
    ///
    /// - Returns: Its path.
    /// - Throws: `.fileUnwritable`.
    func write(_ receipt: Receipt, of run: RunFolder, in folder: FilePath?) throws -> FilePath {
        // Runs of the same name in different folders have different receipts.
        let folder = run.folders.dropLast().reduce(folder ?? receipts) { $0.appending($1) }
        do {
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        } catch {
            throw ClientError(
                .fileUnwritable,
                "Cannot create the folder '\(folder)': \(error.reason).",
                advice: "Check the path given with --receipts."
            )
        }
        let path = folder.appending((run.folders.last ?? "run") + ".json")
        try receipt.write(to: path)
        return path
    }

    /// Returns the state directory of a run's uploads, which is needed until the run has been compared.
    ///
    /// Each run has its own, because the log of finished uploads is read again for each batch of uploads.
    func uploads(of run: RunFolder) -> FilePath { folder.appending(Self.digest(run.path.string)) }

    /// Deletes the state directory of a run's uploads, if it exists.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: `.stateUnusable`.
    func removeUploads(of run: RunFolder) throws {
        let path = uploads(of: run)
        guard FileManager.default.fileExists(atPath: path.string) else { return }
        do {
            try FileManager.default.removeItem(atPath: path.string)
        } catch {
            throw StateDirectory.unusable(path, error)
        }
    }

    private func path(_ run: RunFolder) -> FilePath { folder.appending(Self.digest(run.path.string) + ".json") }

    private static func digest(_ text: String) -> String { Hex.encode(SHA256.hash(data: Data(text.utf8)).prefix(20)) }
}
