import Foundation
package import PontoonCore

/// Transactions that add several files or folders.
extension SQLMetadataStore {
    package func addFiles(
        _ files: [File],
        by userName: String,
        onConflict rule: NameConflictRule,
        leaseID: String?
    ) async throws -> [AddedFile]? {
        let (now, defaults, recorder) = (now, defaultQuotas, recorder)
        // All transactions lock folders and names in this order, so that they cannot deadlock.
        let order = files.indices.sorted { files[$0].place($0) < files[$1].place($1) }
        return try await writeRetryingConflicts(changing: rule == .overwrite ? .files : .none) { connection in
            var results: [Int: AddedFile] = [:]
            var (account, folder, usage) = (UsageAccount?.none, String?.none, Usage())
            var entries: [String: Int] = [:]
            var events: [NewEvent] = []
            if let leaseID {
                let leased = try connection.query(selectObjectLeases, [leaseID], lock: .forUpdate("leases"))
                let keys = Set(try leased.map { try $0.leasedObject() })
                guard files.allSatisfy({ $0.content.map { keys.contains($0.key) } ?? false }) else { return nil }
            }
            for index in order {
                let file = files[index]
                guard let content = file.content, let parent = file.parent else {
                    throw PontoonError.noSuchDestination
                }
                if folder != parent {
                    account = try connection.account(of: file.project, parent, userName, defaults)
                    folder = parent
                }
                let (added, change) = try connection.add(
                    file,
                    content,
                    in: parent,
                    rule,
                    now: now,
                    isCounted: false,
                    &events
                )
                results[index] = added
                usage += change
                guard case .added = added else { continue }
                entries[parent, default: 0] += 1
                if let leaseID { try connection.enqueue(deleteObjectLease, [content.key.leasedTask, leaseID]) }
            }
            try connection.add(entries: entries)
            if let account { try connection.add(usage, to: account) }
            try recorder.record(events, by: userName, on: connection)
            return files.indices.compactMap { results[$0] }
        }
    }

    package func addFolders(_ folders: [File], by userName: String) async throws -> [Result<File, PontoonError>] {
        let (defaults, recorder) = (defaultQuotas, recorder)
        // All transactions lock names in the order of their paths, so that they cannot deadlock. Each folder comes
        // after its parent.
        var paths: [String: [UInt8]] = [:]
        for folder in folders {
            let parent = folder.parent.map { paths[$0] ?? Array($0.utf8) } ?? []
            paths[folder.id] = parent + Array("/\(folder.name)".utf8)
        }
        let order = folders.sorted { (paths[$0.id] ?? []).lexicographicallyPrecedes(paths[$1.id] ?? []) }
        return try await writeRetryingConflicts(changing: .none) { connection in
            /// The results so far, keyed by the ids of the requested folders.
            var places: [String: Result<File, PontoonError>] = [:]
            /// The number of folders in the path of each new folder and of each checked parent, by folder id.
            var lengths: [String: Int] = [:]
            var entries: [String: Int] = [:]
            var events: [NewEvent] = []
            for folder in order {
                let place = folder.parent.flatMap { places[$0] }
                let result = try connection.addOrFind(folder, in: place, userName, defaults, &lengths)
                places[folder.id] = result
                // A folder that was refused or already existed is neither counted nor recorded as created.
                if case .success(let added) = result, added.id == folder.id, let parent = added.parent {
                    entries[parent, default: 0] += 1
                    events.append(.file(.created, added))
                }
            }
            try connection.add(entries: entries)
            try recorder.record(events, by: userName, on: connection)
            return folders.compactMap { places[$0.id] }
        }
    }
}

extension SQLConnection {
    /// Creates a folder, or returns the existing folder with the same path.
    ///
    /// `place` is the result for the parent folder if the parent is part of the same tree, otherwise `nil`. `lengths`
    /// caches the number of folders in the path of each parent.
    ///
    /// - Returns: The folder, or the reason for refusing it. If the folder is refused, nothing is changed.
    /// - Throws: ``SQLError``.
    fileprivate func addOrFind(
        _ folder: File,
        in place: Result<File, PontoonError>?,
        _ userName: String,
        _ defaults: DefaultQuotas,
        _ lengths: inout [String: Int]
    ) throws -> Result<File, PontoonError> {
        var folder = folder
        switch place {
        case .success(let parent): folder.parent = parent.id
        case .failure(let refusal): return .failure(refusal)
        case nil: break
        }
        guard let parent = folder.parent else { return .failure(.noSuchDestination) }
        if lengths[parent] == nil {
            do {
                _ = try account(of: folder.project, parent, userName, defaults)
                lengths[parent] = try path(of: parent).count
            } catch let error as PontoonError {
                return .failure(error)
            }
        }
        if let existing = try file(named: folder.name, in: parent) {
            guard existing.kind == .folder else {
                let problem = "The folder '\(folder.name)' cannot be created, because a file has this name"
                return .failure(PontoonError(.fileExists, "\(problem); rename the folder."))
            }
            return .success(existing)
        }
        let length = lengths[parent] ?? 0
        guard length <= FolderRules.maximumLevel else { return .failure(.folderTooDeep) }
        try insert(folder, isCounted: false)
        lengths[folder.id] = length + 1
        return .success(folder)
    }
}

private let selectObjectLeases: SQLStatement = """
    SELECT task FROM leases WHERE task > 'object/' AND task < 'object0' AND holder = $1
    """

extension File {
    /// A sort key: the parent, the name and, to keep files with the same name in order, the index.
    fileprivate func place(_ index: Int) -> (String, String, Int) { (parent ?? "", name, index) }
}
