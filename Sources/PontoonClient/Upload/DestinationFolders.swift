import PontoonFoundation
import PontoonCore

/// The folders that receive the files of a run.
struct DestinationFolders: Sendable {
    private enum Found: Sendable {
        case place(UploadDestination)
        case missing
        /// The folder could not be found or created, so its files fail.
        case failed(any Error)
    }

    private var found: [FolderPath: Found]

    init(_ destination: UploadDestination) { found = [FolderPath([]): .place(destination)] }

    /// Returns the destination of a file, or the folder that a folder item represents; `nil` if the folder does not
    /// exist or has not been prepared.
    ///
    /// - Throws: The error that occurred when the folder was looked up or created.
    func destination(of item: UploadItem) throws -> UploadDestination? {
        try destination(FolderPath(item.allFolders))
    }

    /// Returns a folder as an upload destination; `nil` if the folder does not exist or has not been prepared.
    ///
    /// - Throws: The error that occurred when the folder was looked up or created.
    fileprivate func destination(_ folder: FolderPath) throws -> UploadDestination? {
        switch found[folder] {
        case .place(let destination): destination
        case .failed(let error): throw error
        case .missing, nil: nil
        }
    }

    /// Finds or creates the folders of the items, except the folders that have already been prepared.
    ///
    /// Processes the folders level by level, and the folders of one level concurrently. An error that may apply only to
    /// one folder is stored, and thrown by ``destination(of:)``.
    ///
    /// - Parameters:
    ///   - items: The files and empty folders.
    ///   - isCreating: Whether to create missing folders; if `false`, the items in them have no destination.
    ///   - client: Client that finds and creates the folders.
    /// - Throws: ``APIError`` or ``ClientError`` that applies to all folders, such as an invalid token;
    ///   `CancellationError`.
    mutating func prepare(
        _ items: some Sequence<UploadItem>,
        creating isCreating: Bool = true,
        _ client: SevenBridgesClient
    ) async throws {
        var all: Set<FolderPath> = []
        for item in items {
            let folder = FolderPath(item.allFolders)
            if !all.contains(folder) { all.formUnion(folder.withParents.filter { found[$0] == nil }) }
        }
        for level in Dictionary(grouping: all, by: \.names.count).sorted(by: { $0.key < $1.key }) {
            let parents = found
            let results = try await mapConcurrently(level.value, limit: 8) { folder in
                try await Self.find(folder, in: parents[folder.parent] ?? .missing, creating: isCreating, client)
            }
            for (folder, result) in zip(level.value, results) { found[folder] = result }
        }
    }

    /// Looks up files by name in their folders, which must have been prepared.
    ///
    /// - Parameters:
    ///   - indices: The indexes, in `items`, of the files to look up.
    ///   - items: All items of the run.
    ///   - isOptional: Whether to ignore refused lookups, for example because the token may not list files, and errors
    ///     of individual names. These names then have no result.
    ///   - client: Client that looks up the names.
    /// - Returns: The existing files and folders and, unless the lookup is optional, the errors of individual names, by
    ///   index.
    /// - Throws: ``APIError`` or ``ClientError`` that applies to all names; `CancellationError`.
    func existing(
        _ indices: some Sequence<Int>,
        of items: [UploadItem],
        optionally isOptional: Bool,
        _ client: SevenBridgesClient
    ) async throws -> ExistingFiles.Results {
        let byFolder = Dictionary(grouping: indices) { FolderPath(items[$0].folders) }
        let results = try await mapConcurrently(byFolder, limit: 8) { folder, indices in
            guard case .place(let destination) = found[folder] else { return ExistingFiles.Results() }
            var all: [ByteExactString: Result<FileDetails, any Error>] = [:]
            do {
                // Look up names instead of listing the folder, which may contain a million other files.
                let batches = Self.batches(indices.map { items[$0].name })
                let found = try await mapConcurrently(batches, limit: 8) { names in
                    try await Self.lookUp(names, in: destination, client)
                }
                for files in found { all.merge(files) { first, _ in first } }
            } catch let error as APIError where isOptional && error.concernsDestination {}
            let pairs = indices.compactMap { index in all[ByteExactString(items[index].name)].map { (index, $0) } }
            let results = Dictionary(uniqueKeysWithValues: pairs)
            return isOptional ? results.filter { (try? $0.value.get()) != nil } : results
        }
        return results.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    }

    private static func find(
        _ folder: FolderPath,
        in parent: Found,
        creating isCreating: Bool,
        _ client: SevenBridgesClient
    ) async throws -> Found {
        guard case .place(let destination) = parent, let name = folder.names.last else { return parent }
        do {
            if isCreating { return .place(.folder(try await client.folder(name, in: destination))) }
            return try await client.existingFolder(name, in: destination).map { .place(.folder($0)) } ?? .missing
        } catch  where error.concernsOneName {
            return .failed(error)
        }
    }

    /// Finds files and folders by their names in a project or folder.
    ///
    /// - Returns: The files and folders, and the errors of names that cannot be looked up. A name that does not exist
    ///   has no result.
    /// - Throws: An error that applies to all names.
    static func lookUp(
        _ names: [String],
        in destination: UploadDestination,
        _ client: SevenBridgesClient
    ) async throws -> [ByteExactString: Result<FileDetails, any Error>] {
        do {
            let files = try await client.files(in: destination, named: names)
            return Dictionary(files.map { (ByteExactString($0.name), .success($0)) }) { first, _ in first }
        } catch  where error.concernsOneName {
            if names.count == 1 || (error as? APIError)?.status == 404 {
                return Dictionary(names.map { (ByteExactString($0), .failure(error)) }) { first, _ in first }
            }
            // A single name may cause the error, for example because a firewall refuses it. Divide the names to find
            // that name.
            let middle = names.count / 2
            let first = try await lookUp(Array(names[..<middle]), in: destination, client)
            let second = try await lookUp(Array(names[middle...]), in: destination, client)
            return first.merging(second) { first, _ in first }
        }
    }

    /// Divides names into batches of at most 50, each short enough for a URL's query.
    static func batches(_ names: [String]) -> [[String]] {
        var batches: [[String]] = []
        var length = 4000
        for name in names {
            // Percent-encoding takes at most three characters per byte; six more are for `&name=`.
            let own = name.utf8.count * 3 + 6
            if length + own > 4000 || batches[batches.count - 1].count == 50 {
                batches.append([])
                length = 0
            }
            batches[batches.count - 1].append(name)
            length += own
        }
        return batches
    }
}

/// Folders that an archive was expected to create. They are created here if a file in them is sent separately instead.
actor LaterFolders {
    private var found: [FolderPath: UploadDestination] = [:]

    /// Returns the destination of an item, and creates the missing folders in its path.
    ///
    /// - Throws: ``APIError``, ``ClientError``.
    func destination(
        of item: UploadItem,
        _ known: DestinationFolders,
        _ client: SevenBridgesClient
    ) async throws -> UploadDestination {
        try await destination(FolderPath(item.allFolders), known, client)
    }

    private func destination(
        _ folder: FolderPath,
        _ known: DestinationFolders,
        _ client: SevenBridgesClient
    ) async throws -> UploadDestination {
        if let found = try found[folder] ?? known.destination(folder) { return found }
        guard let name = folder.names.last else {
            throw ClientError(.notFound, "The destination does not exist.")
        }
        let parent = try await destination(folder.parent, known, client)
        let created = UploadDestination.folder(try await client.folder(name, in: parent))
        found[folder] = created
        return created
    }
}
