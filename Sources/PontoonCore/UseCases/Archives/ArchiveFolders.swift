import PontoonFoundation
import Synchronization

/// The folders that an archive creates in its destination.
///
/// Each folder is created when the folder's own entry or the first entry in the folder is stored.
final class ArchiveFolders: Sendable {
    struct Folder: Sendable {
        let id: String
        /// Whether the folder was created for this archive.
        let isNew: Bool
    }

    private struct Known {
        /// The results of creating folders, by path relative to the destination.
        var folders: [ByteExactString: Result<Folder, PontoonError>] = [:]
        /// Total length in bytes of the paths in ``folders``.
        var size = 0
        /// Number of folders that were or are being created for the archive, including those no longer in ``folders``.
        var newFolders = 0

        mutating func forget() { (folders, size) = ([:], 0) }

        /// Records the error of an ancestor as the result of a folder that has no result yet.
        mutating func inherit(_ error: PontoonError, by names: some Collection<String>) {
            let path = ByteExactString(names.joined(separator: "/"))
            guard folders[path] == nil else { return }
            size += path.bytes.count
            folders[path] = .failure(error)
        }
    }

    /// Total length of paths in bytes above which all results are discarded, to limit memory usage.
    private static let maximumSize = 8 << 20
    /// Number of new folders after which no further path is added to a transaction.
    private static let foldersPerTransaction = 500

    private let destination: ArchiveDestination
    private let limits: ArchiveLimits
    private let metadata: any MetadataStore
    private let now: @Sendable () -> Date
    private let known = Mutex(Known())

    init(
        _ destination: ArchiveDestination,
        limits: ArchiveLimits,
        metadata: any MetadataStore,
        now: @escaping @Sendable () -> Date
    ) {
        self.destination = destination
        self.limits = limits
        self.metadata = metadata
        self.now = now
    }

    /// Returns the result of ``create(_:)`` for a path.
    ///
    /// The result is a failure if the folder was refused, or ``forget()`` was called in the meantime.
    func folder(_ names: some Sequence<String>) -> Result<Folder, PontoonError> {
        let path = names.joined(separator: "/")
        if path.isEmpty { return .success(Folder(id: destination.folder, isNew: false)) }
        return known.withLock { $0.folders[ByteExactString(path)] }
            ?? .failure(PontoonError(.destinationNotFound, "The folder no longer exists."))
    }

    /// Discards all results, because another call has deleted one of the folders or the destination.
    func forget() { known.withLock { $0.forget() } }

    /// Creates the folders with these paths and all their ancestors, unless they exist.
    ///
    /// Afterwards, ``folder(_:)`` returns the results. Once the archive has created as many folders as its length
    /// allows, further new folders are refused with `.limitReached` until more of the archive has arrived.
    ///
    /// - Throws: An error if the metadata store is unavailable.
    func create(_ paths: [some Collection<String>]) async throws {
        var rest = paths[...]
        while !rest.isEmpty {
            let new = plan(&rest)
            guard !new.isEmpty else { continue }
            let results = try await metadata.addFolders(new.map(\.folder), by: destination.caller.name)
            known.withLock { known in
                for (planned, result) in zip(new, results) {
                    let folder = result.map { Folder(id: $0.id, isNew: $0.id == planned.folder.id) }
                    known.size += planned.path.bytes.count
                    known.folders[planned.path] = folder
                    if case .success(let folder) = folder, folder.isNew { continue }
                    known.newFolders -= 1
                }
            }
        }
    }

    private struct Planned {
        let path: ByteExactString
        let folder: File
    }

    /// Removes the paths for one transaction and returns the folders in them that have no result yet, parents first.
    private func plan(_ paths: inout ArraySlice<some Collection<String>>) -> [Planned] {
        let maximum = limits.maximumFolders
        return known.withLock { known in
            if known.size > Self.maximumSize { known.forget() }
            var new: [Planned] = []
            var ids: [ByteExactString: String] = [:]
            while new.count < Self.foldersPerTransaction {
                let waiting = paths
                guard let names = paths.popFirst() else { break }
                var (text, parent) = ("", destination.folder)
                for name in names {
                    text += text.isEmpty ? name : "/\(name)"
                    let path = ByteExactString(text)
                    if let id = ids[path] {
                        parent = id
                        continue
                    }
                    switch known.folders[path] {
                    case .success(let folder):
                        parent = folder.id
                        continue
                    case .failure(let error) where error.code != .limitReached:
                        known.inherit(error, by: names)
                    case .some(.failure), nil:
                        guard known.newFolders < maximum else {
                            // Some planned folders may already exist and then do not count, so the planned ones are
                            // created first.
                            if !new.isEmpty {
                                paths = waiting
                                return new
                            }
                            known.inherit(Self.tooManyFolders, by: names)
                            break
                        }
                        known.newFolders += 1
                        let folder = folder(name, in: parent)
                        new.append(Planned(path: path, folder: folder))
                        (ids[path], parent) = (folder.id, folder.id)
                        continue
                    }
                    break
                }
            }
            return new
        }
    }

    private static var tooManyFolders: PontoonError {
        PontoonError(
            .limitReached,
            "The archive would create too many folders for its length. Send this entry in another archive."
        )
    }

    private func folder(_ name: String, in parent: String) -> File {
        let time = now()
        return File(
            id: Identifiers.file(now: time),
            name: name,
            kind: .folder,
            project: destination.project,
            parent: parent,
            content: nil,
            createdOn: time
        )
    }
}
