import NIOPosix
import PontoonCore
public import SystemPackage

/// A synchronization of a local folder with a project or folder on the server, in one direction.
///
/// ``planUpload(to:)`` and ``planDownload(of:)`` create a plan. ``Uploader`` or ``Downloader`` then transfers the files
/// in ``Plan/items``, and skips those that the destination already has. Finally, ``delete(_:in:_:)`` deletes the files
/// in ``Plan/extras``.
public struct TreeSync: Sendable {
    /// A file that exists at the destination but not at the source.
    public struct Extra: Sendable, Hashable {
        /// Path relative to the destination: folders and name, separated by slashes.
        public let name: String
        /// Path of the local file; `nil` if the destination is on the server.
        public let path: FilePath?
        /// Id of the file on the server; `nil` if the destination is local.
        public let fileID: String?
        /// The properties of the file when it was found.
        ///
        /// A file that has changed since then is not deleted.
        let found: Found

        enum Found: Hashable {
            case here(FileFacts)
            case there(size: Int64?, crc64: CRC64NVME?)
        }

        /// An item for looking up the file's name on the server.
        var item: UploadItem {
            let names = name.split(separator: "/").map(String.init)
            return UploadItem(source: path ?? "", name: names.last ?? "", folders: names.dropLast())
        }
    }

    /// The files of a synchronization.
    public struct Plan<Item: TransferItem>: Sendable {
        /// The files to transfer unless the destination already has them.
        ///
        /// Also contains the files and folders that cannot be transferred or listed, each with an error.
        public internal(set) var items: [Item] = []
        /// Number of files that ``items`` omits because of ``TreeSync/comparesOnlySizes``.
        public internal(set) var unchanged = 0
        /// The project or folder on the server; `nil` if it does not exist yet.
        public internal(set) var place: UploadDestination?
        /// The files that exist only at the destination, in byte order of their paths.
        ///
        /// Empty if ``TreeSync/findsExtras`` is not set, or if ``isComplete`` is `false`.
        public internal(set) var extras: [Extra] = []
        /// Whether all folders could be listed and none of the files found has an error.
        public internal(set) var isComplete = true
        /// Warnings, for example about skipped files and patterns that matched nothing.
        public internal(set) var warnings: [String] = []
    }

    let client: SevenBridgesClient
    let folder: FilePath
    /// Patterns that select files, as in ``FileSelection/include``.
    ///
    /// Other files are neither transferred nor deleted.
    public var include: [String] = []
    /// Patterns that exclude files and folders, as in ``FileSelection/exclude``.
    ///
    /// Excluded files are neither transferred nor deleted.
    public var exclude: [String] = []
    /// Paths to which the synchronization is limited, relative to both folders; `nil` for everything.
    public var listed: [FilePath]?
    /// Whether files of the same length are considered the same, without comparing their bytes.
    public var comparesOnlySizes = false
    /// Whether to search for files that exist only at the destination, for ``Plan/extras``.
    ///
    /// Do not combine it with ``listed``, because the search is not limited to the listed paths.
    public var findsExtras = false

    /// Creates a synchronization of a local folder.
    public init(_ client: SevenBridgesClient, folder: FilePath) { (self.client, self.folder) = (client, folder) }
}

// MARK: - To the server

extension TreeSync {
    /// Plans a synchronization to the server.
    ///
    /// - Parameter destination: The project or folder on the server; `nil` if it does not exist yet.
    /// - Returns: The plan.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the local folder is a file or a pattern is not valid,
    ///   `.notFound` if the local folder does not exist, or `.fileUnreadable` if it cannot be read; ``APIError``;
    ///   `CancellationError`.
    public func planUpload(to destination: UploadDestination?) async throws -> Plan<UploadItem> {
        let found = try await localFiles(listed)
        var (filter, plan) = (found.filter, Plan<UploadItem>(items: found.items, place: destination))
        plan.isComplete = found.items.allSatisfy { $0.problem == nil }
        if let destination, findsExtras || comparesOnlySizes {
            var comparison = UploadComparison(found)
            // Only the result of the comparison is kept in memory, not the files on the server.
            try await RemoteTree(client).eachPage(in: destination, below: [], into: folder) { page in
                for item in page {
                    guard let problem = item.problem as? APIError else { continue }
                    plan.isComplete = false
                    plan.warnings.append("\(item.remotePath): \(problem)")
                }
                let sizes = comparesOnlySizes ? try await self.sizes(page.filter(comparison.contains)) : [:]
                if findsExtras { plan.extras += comparison.extras(page, &filter) }
                if comparesOnlySizes { comparison = try await comparison.comparing(sizes, found.items) }
            }
            plan.items = comparison.different(found.items)
            plan.unchanged = found.items.count - plan.items.count
        }
        finish(&plan, found.warningsAboutFiles + filter.warnings)
        return plan
    }
}

/// The comparison of local files with the pages of a list of the files on the server.
private struct UploadComparison: Sendable {
    private let positions: [ByteExactString: Int]
    /// Paths of skipped local files and folders.
    ///
    /// Files on the server at or below these paths must not be deleted.
    private let skipped: Set<ByteExactString>
    /// Positions of the local files that have the same length on the server.
    private var same: Set<Int> = []

    init(_ found: FileSelection.Result) {
        let paths = found.items.enumerated().map { (ByteExactString($1.remotePath), $0) }
        positions = Dictionary(paths) { first, _ in first }
        skipped = Set(found.skipped.map { ByteExactString($0.remotePath) })
    }

    /// Returns whether a file on the server has the path of a selected local file.
    func contains(_ item: DownloadItem) -> Bool { positions[ByteExactString(item.remotePath)] != nil }

    /// Returns the files of a page that do not exist locally, are selected by the patterns, and are not at or below a
    /// skipped path.
    func extras(_ page: [DownloadItem], _ filter: inout PathFilter) -> [TreeSync.Extra] {
        var extras: [TreeSync.Extra] = []
        for item in page where positions[ByteExactString(item.remotePath)] == nil {
            let names = item.remotePath.split(separator: "/").map(String.init)
            let isProtected = FolderPath(names).withParents.contains { skipped.contains($0.text) }
            guard let id = item.fileID, filter.selects(names), !isProtected else { continue }
            let found = TreeSync.Extra.Found.there(size: item.size, crc64: item.crc64)
            extras.append(TreeSync.Extra(name: item.remotePath, path: nil, fileID: id, found: found))
        }
        return extras
    }

    /// Returns a copy that also records which local files have the same length as on the server.
    func comparing(_ sizes: [ByteExactString: Int64], _ items: [UploadItem]) async throws -> UploadComparison {
        let candidates = sizes.compactMap { path, size in positions[path].map { ($0, items[$0].source, size) } }
        var result = self
        result.same.formUnion(
            try await NIOThreadPool.singleton.runIfActive {
                candidates.filter { (try? FileStatus($1).size) == $2 }.map(\.0)
            }
        )
        return result
    }

    /// Returns the files to upload: all except those that were recorded as the same on the server.
    func different(_ items: [UploadItem]) -> [UploadItem] {
        same.isEmpty ? items : items.indices.filter { !same.contains($0) || items[$0].problem != nil }.map { items[$0] }
    }
}

// MARK: - From the server

extension TreeSync {
    /// Plans a synchronization from the server.
    ///
    /// - Parameter remote: The project or folder on the server.
    /// - Returns: The plan.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the local folder or `remote` is a file or a pattern is
    ///   not valid, or `.notFound` if a name in the path `remote` does not exist; ``APIError``; `CancellationError`.
    public func planDownload(of remote: RemotePath) async throws -> Plan<DownloadItem> {
        let found = try await client.find(remote)
        if let found, !found.isFolder { throw TreeComparison.isFile("\(remote)") }
        let place: UploadDestination = if let found { .folder(found.id) } else { try await client.place(remote) }
        let exists = try await blocking { LocalEntry(folder) != .missing }
        if exists { try await blocking { try TreeComparison.checkFolder(folder) } }
        var all: [DownloadItem] = []
        try await RemoteTree(client).eachPage(in: place, below: [], into: folder) { all += $0 }
        var filter = try PathFilter(include: include, exclude: exclude)
        let places = listed.map { Set($0.map { FolderPath($0.inside).text }) }
        let above = Set((listed ?? []).flatMap { FolderPath($0.inside).withParents.map(\.text) })
        var plan = Plan<DownloadItem>(place: place)
        for item in all {
            let path = FolderPath(item.remotePath.split(separator: "/").map(String.init))
            let isUnlisted = item.problem is APIError
            // A folder whose contents the server did not list may contain paths in `listed`.
            let isListed = places.map { places in
                path.withParents.contains { places.contains($0.text) } || isUnlisted && above.contains(path.text)
            }
            guard isListed ?? true, isUnlisted || filter.selects(path.names) else { continue }
            plan.items.append(item)
        }
        plan.items += missing(from: all)
        plan.isComplete = plan.items.allSatisfy { $0.problem == nil }
        if comparesOnlySizes, exists { try await leaveOutSameSizes(&plan) }
        var warnings: [String] = []
        if findsExtras, exists, plan.isComplete {
            let local = try await localFiles(nil)
            for problem in local.items.compactMap(\.problem) {
                plan.isComplete = false
                warnings.append("\(problem)")
            }
            plan.extras = try await blocking { [all] in Self.extras(local.items, missingFrom: all) }
            warnings += local.warningsAboutFiles
        }
        finish(&plan, warnings + filter.warnings)
        return plan
    }

    /// Returns the local files that do not exist on the server, except those of unfinished downloads.
    ///
    /// Blocks the calling thread. A local file also counts as existing on the server if the local path of a file on the
    /// server refers to it, for example through a link or on a case-insensitive file system.
    private static func extras(_ local: [UploadItem], missingFrom all: [DownloadItem]) -> [Extra] {
        let known = Set(all.map { ByteExactString($0.remotePath) })
        let others = local.filter { !known.contains(ByteExactString($0.remotePath)) && !$0.isUnfinished }
        if others.isEmpty { return [] }
        let kept = Set(all.lazy.compactMap { try? FileStatus($0.target) }.map(FileFacts.init))
        return others.compactMap { item in
            guard let status = try? FileStatus(item.source), !kept.contains(FileFacts(status)) else { return nil }
            return Extra(name: item.remotePath, path: item.source, fileID: nil, found: .here(FileFacts(status)))
        }
    }

    /// Returns an item with an error for each listed path that does not exist on the server.
    private func missing(from all: [DownloadItem]) -> [DownloadItem] {
        guard let listed else { return [] }
        let known = Set(
            all.flatMap { item in
                FolderPath(item.remotePath.split(separator: "/").map(String.init)).withParents.map(\.text)
            }
        )
        let unlisted = Set(all.lazy.filter { $0.problem is APIError }.map { ByteExactString($0.remotePath) })
        return listed.filter { path in
            let path = FolderPath(path.inside)
            return !known.contains(path.text) && !path.withParents.contains { unlisted.contains($0.text) }
        }
        .map { path in
            let name = path.inside.joined(separator: "/")
            let target = path.inside.reduce(folder) { $0.appending($1) }
            return DownloadItem(failed: name, target: target, problem: RemotePath.missing(name))
        }
    }

    private func leaveOutSameSizes(_ plan: inout Plan<DownloadItem>) async throws {
        let items = plan.items
        let existing = try await blocking { items.filter { LocalEntry($0.target) == .file } }
        let sizes = try await sizes(existing)
        let isSame = try await blocking {
            items.map { item in
                guard item.problem == nil, let size = sizes[ByteExactString(item.remotePath)] else { return false }
                return (try? FileStatus(item.target)).map { $0.kind == .file && $0.size == size } ?? false
            }
        }
        plan.items = zip(items, isSame).filter { !$1 }.map(\.0)
        plan.unchanged = items.count - plan.items.count
    }
}

// MARK: - Both directions

extension TreeSync {
    /// Finds the local files below ``folder`` or, if `listed` is not `nil`, at or below these paths in it.
    ///
    /// Patterns match paths relative to ``folder``.
    private func localFiles(_ listed: [FilePath]?) async throws -> FileSelection.Result {
        var selection = FileSelection()
        if let listed {
            selection.listed = listed.map { folder.appending(".").appending($0.inside.joined(separator: "/")) }
        } else {
            // The trailing slash selects the folder's contents.
            selection.paths = [folder.string + "/"]
            (selection.include, selection.exclude) = (include, exclude)
        }
        selection.keepsTree = true
        return try await blocking { [selection] in
            try TreeComparison.checkFolder(folder)
            var found = try selection.find()
            for item in found.items where item.source == folder { if let problem = item.problem { throw problem } }
            guard listed != nil else { return found }
            // The patterns of a selection would match paths relative to each listed folder.
            found.filter = try PathFilter(include: include, exclude: exclude)
            found.items = found.items.filter { found.filter.selects($0.folders + [$0.name]) }
            return found
        }
    }

    /// Returns the lengths of files on the server by path.
    ///
    /// Requests the lengths that are missing from the server's list. Omits a length whose request fails, so that the
    /// file does not count as the same.
    private func sizes(_ items: [DownloadItem]) async throws -> [ByteExactString: Int64] {
        var sizes: [ByteExactString: Int64] = [:]
        for item in items { sizes[ByteExactString(item.remotePath)] = item.size }
        let unknown = items.filter { $0.size == nil && $0.problem == nil }
        let requested = try await mapConcurrently(unknown, limit: 8) { item in
            do {
                return try await client.file(item.id).size
            } catch  where !error.concernsEveryRequest {
                return nil
            }
        }
        for (item, size) in zip(unknown, requested) { sizes[ByteExactString(item.remotePath)] = size }
        return sizes
    }

    private func finish(_ plan: inout Plan<some TransferItem>, _ warnings: [String]) {
        plan.warnings += warnings
        if !plan.isComplete { plan.extras = [] }
        plan.extras.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}

extension FilePath {
    /// The components of the path, interpreted relative to a folder.
    ///
    /// A leading `/` or `..` is ignored, so that the path stays inside the folder.
    fileprivate var inside: [String] {
        FilePath(root: nil, components).lexicallyNormalized().components.filter { $0.kind == .regular }.map(\.string)
    }
}

extension UploadItem {
    /// Whether the file belongs to an unfinished download (see ``PartialFile/paths(_:)``).
    fileprivate var isUnfinished: Bool {
        name.hasPrefix(".pontoon-") && (name.hasSuffix(".part") || name.hasSuffix(".journal"))
    }
}
