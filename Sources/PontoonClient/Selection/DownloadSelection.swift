import PontoonFoundation
import PontoonCore
import SystemPackage

/// A selection of files on the server by path, id and pattern.
public struct DownloadSelection: Sendable {
    /// Ids and paths of files and folders, and paths of projects.
    ///
    /// A folder's path with a trailing slash selects the folder's contents without the folder itself. The path of a
    /// project also selects only its contents.
    public var sources: [String] = []
    /// More ids and paths of files, folders and projects.
    ///
    /// The folders in a path are recreated locally, without the project. If the path contains `/./`, only the folders
    /// after the last `/./` are recreated.
    public var listed: [String] = []
    /// Id of the project to which the paths are relative; `nil` if each path begins with its project.
    ///
    /// With a project, ``sources`` and ``listed`` must not contain ids. If both are empty, the contents of the project
    /// are selected.
    public var project: String?
    /// Patterns that select files below a folder; see ``FileSelection/include``.
    public var include: [String] = []
    /// Patterns that exclude files and folders below a folder; see ``FileSelection/exclude``.
    public var exclude: [String] = []
    /// The local folder for the files; `nil` means the current folder.
    ///
    /// If only one file is selected, by its id or path and without folders to recreate, this is the path of the local
    /// file, unless it is an existing folder or ends with a slash.
    public var output: String?

    /// Creates an empty selection.
    public init() {}

    /// The result of a selection.
    public struct Result: Sendable {
        /// The selected files.
        ///
        /// Also contains sources that cannot be found, folders that cannot be listed, and files whose names cannot be
        /// used locally, each with an error in ``DownloadItem/problem``.
        public var items: [DownloadItem]
        /// Warnings about patterns that matched nothing.
        public var warnings: [String]
    }

    /// Finds the selected files.
    ///
    /// A source that cannot be found does not affect the others. The patterns do not apply to files that are named
    /// individually.
    ///
    /// - Returns: The files of ``sources``, then those of ``listed``, without repetitions. Files from the same folder
    ///   are in the server's order.
    /// - Throws: ``ClientError`` with code `.requestInvalid` if a pattern or ``project`` is not valid, or if a source
    ///   is neither an id nor a path; any error that is likely to affect every request, such as an invalid token.
    public func resolve(_ client: SevenBridgesClient) async throws -> Result {
        var filter = try PathFilter(include: include, exclude: exclude)
        let isWholeProject = sources.isEmpty && listed.isEmpty
        var items: [DownloadItem] = []
        for text in isWholeProject ? [""] : sources {
            let source = try Source(text, in: project)
            items += try await failingAlone(source) { try await self.items(of: source, client, &filter) }
        }
        items += try await listedItems(client, &filter)
        items = Self.withoutRepetitions(items)
        useOutputAsName(&items)
        return Result(items: items, warnings: filter.warnings)
    }

    private var folder: FilePath { FilePath(output ?? "") }

    /// Uses ``output`` as the target path of a single file, unless it is an existing folder or ends with a slash.
    private func useOutputAsName(_ items: inout [DownloadItem]) {
        guard let output, sources.count + listed.count == 1, items.count == 1, items[0].isSource,
            !items[0].remotePath.contains("/"), sources.first?.hasSuffix("/") != true, !Self.isFolder(output)
        else { return }
        items[0].target = folder
        // The only possible problem is the file's name on the server, which is not used.
        items[0].problem = nil
    }

    private static func isFolder(_ path: String) -> Bool {
        if path.hasSuffix("/") { return true }
        if case .folder = LocalEntry(FilePath(path)) { return true }
        return false
    }

    /// Removes all but the first item of a file that was selected more than once with the same target.
    private static func withoutRepetitions(_ items: [DownloadItem]) -> [DownloadItem] {
        let repeated = Set(
            items.repetitions { $0 }.values.flatMap { positions in
                positions.filter { items[$0].problem == nil }.dropFirst()
            }
        )
        return repeated.isEmpty ? items : items.indices.filter { !repeated.contains($0) }.map { items[$0] }
    }

    /// Returns the files of a source or, if the source cannot be read, an item with the error.
    ///
    /// Throws an error only if it is likely to affect every request.
    private func failingAlone(
        _ source: Source,
        _ find: () async throws -> [DownloadItem]
    ) async throws -> [DownloadItem] {
        do {
            return try await find()
        } catch  where !error.concernsEveryRequest {
            let target = source.place.reduce(folder) { $0.appending($1) }
            var item = DownloadItem(failed: source.text, target: target, problem: error)
            item.source = SelectedSource(source)
            return [item]
        }
    }

    private func items(
        of source: Source,
        _ client: SevenBridgesClient,
        _ filter: inout PathFilter
    ) async throws -> [DownloadItem] {
        let tree = RemoteTree(client)
        if let found = try await client.find(source.path) {
            guard found.isFolder else { return [item(found, of: source, tree)] }
            return try await items(in: .folder(found.id), named: found.name, of: source, tree, &filter)
        }
        return try await items(in: try await client.place(source.path), named: nil, of: source, tree, &filter)
    }

    private func item(_ file: FileDetails, of source: Source, _ tree: RemoteTree) -> DownloadItem {
        var item = tree.item(file, below: source.place.dropLast(), into: folder)
        item.source = SelectedSource(source)
        item.isSource = true
        return item
    }

    private func items(
        in place: UploadDestination,
        named name: String?,
        of source: Source,
        _ tree: RemoteTree,
        _ filter: inout PathFilter
    ) async throws -> [DownloadItem] {
        let names = source.isContents ? [] : source.place.isEmpty ? [name].compactMap { $0 } : source.place
        let selected = SelectedSource(source, depth: names.count)
        var items: [DownloadItem] = []
        try await tree.eachPage(in: place, below: names, into: folder) { page in
            for var item in page {
                // A folder that could not be listed may contain selected files.
                guard item.problem is APIError || filter.selects(selected.names(of: item)) else { continue }
                item.source = selected
                items.append(item)
            }
        }
        return items
    }
}

extension DownloadSelection {
    /// Finds the files of ``listed``.
    ///
    /// Looks up each parent folder once, and the names in it in batches.
    private func listedItems(
        _ client: SevenBridgesClient,
        _ filter: inout PathFilter
    ) async throws -> [DownloadItem] {
        let tree = RemoteTree(client)
        let sources = try listed.map { try Source(listed: $0, in: project) }
        var items = [[DownloadItem]](repeating: [], count: sources.count)
        var groups: [FolderPath: [Int]] = [:]
        for (index, source) in sources.enumerated() {
            if let parent = source.parent {
                groups[parent, default: []].append(index)
            } else {
                items[index] = try await failingAlone(source) { try await self.items(of: source, client, &filter) }
            }
        }
        for (parent, indexes) in groups.sorted(by: { $0.value[0] < $1.value[0] }) {
            let found = try await lookUp(indexes.map { sources[$0].path.lastName }, in: parent, client)
            for index in indexes {
                let source = sources[index]
                items[index] = try await failingAlone(source) {
                    let file = try found(source.path.lastName, source)
                    guard file.isFolder else { return [item(file, of: source, tree)] }
                    return try await self.items(in: .folder(file.id), named: file.name, of: source, tree, &filter)
                }
            }
        }
        return items.flatMap { $0 }
    }

    /// Looks up names in a folder.
    ///
    /// The path of the folder begins with the owner and name of its project.
    ///
    /// - Returns: A closure that returns the file or folder with a name, or throws the error with which the name or the
    ///   folder was looked up. The error for a missing name contains the path of the source.
    private func lookUp(
        _ names: [String],
        in folder: FolderPath,
        _ client: SevenBridgesClient
    ) async throws -> (String, Source) throws -> FileDetails {
        let found: [ByteExactString: Swift.Result<FileDetails, any Error>]
        do {
            let project = folder.names[0..<2].joined(separator: "/")
            let path = RemotePath.path(project: project, names: Array(folder.names[2...]))
            let place = try await client.place(path)
            var all: [ByteExactString: Swift.Result<FileDetails, any Error>] = [:]
            for batch in DestinationFolders.batches(names) {
                all.merge(try await DestinationFolders.lookUp(batch, in: place, client)) { first, _ in first }
            }
            found = all
        } catch  where !error.concernsEveryRequest {
            return { _, _ in throw error }
        }
        return { name, source in
            guard let result = found[ByteExactString(name)] else { throw RemotePath.missing("\(source.path)") }
            return try result.get()
        }
    }
}

/// A source of a download and its path in the local folder.
private struct Source: Sendable {
    let text: String
    let path: RemotePath
    /// Whether the source is a project, or the contents of a folder without the folder itself.
    let isContents: Bool
    /// Path in the local folder: folders and name.
    ///
    /// If empty, the source or its contents are placed directly in the local folder, under their names on the server.
    let place: [String]
    /// Whether the source is an entry of ``DownloadSelection/listed``.
    private let isListed: Bool
    private let project: String?

    /// Parses an entry of ``DownloadSelection/sources``.
    ///
    /// - Throws: `.requestInvalid` if the text is neither an id nor a path, or if `project` is not valid.
    init(_ text: String, in project: String?) throws(ClientError) {
        self.text = text
        self.project = project
        path = try RemotePath(text, in: project)
        isContents = text.hasSuffix("/") || path.isProject
        isListed = false
        place = []
    }

    /// Parses an entry of ``DownloadSelection/listed``.
    ///
    /// - Throws: `.requestInvalid` if the text is neither an id nor a path, or if `project` is not valid.
    init(listed text: String, in project: String?) throws(ClientError) {
        self.text = text
        self.project = project
        let names = text.split(separator: "/").map(String.init)
        let mark = names.lastIndex(of: ".").flatMap { $0 == 0 ? nil : $0 }
        path = try RemotePath(names.filter { $0 != "." }.joined(separator: "/"), in: project)
        switch (path, mark) {
        case (.id, _): place = []
        case (_, let mark?): place = Array(names[(mark + 1)...])
        case (.path(_, let names), nil): place = names
        }
        isContents = path.isProject || mark == names.count - 1
        isListed = true
    }

    /// The path of the folder that contains the source, beginning with the owner and name of its project; `nil` for an
    /// id or a project.
    var parent: FolderPath? {
        guard case .path(let project, let names) = path, !names.isEmpty else { return nil }
        return FolderPath(project.split(separator: "/").map(String.init) + names.dropLast())
    }

    /// Returns the entry of ``DownloadSelection/listed`` that downloads a file of this source to the same local path.
    ///
    /// - Parameter inner: Folders and name of the file below the source; empty for the source itself.
    /// - Returns: The entry for the file or, if its folder was given by id, for the whole folder.
    func listed(below inner: [String]) -> String {
        // The files of a folder that was given by id have no path.
        guard !isListed || !inner.isEmpty, case .path(let id, let names) = path else { return text }
        let all = names + inner
        let kept = place.isEmpty ? (isContents ? inner.count : inner.count + 1) : place.count + inner.count
        let omitted = all.dropLast(kept)
        let mark = omitted.isEmpty ? [] : ["."]
        return ((project == nil ? [id] : []) + omitted + mark + all.suffix(kept)).joined(separator: "/")
    }
}

/// The source from which an item was selected.
final class SelectedSource: Sendable {
    private let source: Source
    /// Number of leading names in an item's path that belong to the source.
    ///
    /// The other names are the item's path below the source. `nil` if the item stands for the source itself.
    private let depth: Int?

    fileprivate init(_ source: Source, depth: Int? = nil) { (self.source, self.depth) = (source, depth) }

    /// Returns the folders and the name of an item below the source.
    ///
    /// Empty for the source itself.
    fileprivate func names(of item: DownloadItem) -> [String] {
        depth.map { item.remotePath.split(separator: "/").dropFirst($0).map(String.init) } ?? []
    }

    /// Returns the entry of ``DownloadSelection/listed`` that downloads an item to the same local path.
    func listedPath(of item: DownloadItem) -> String { source.listed(below: names(of: item)) }
}

extension RemotePath {
    /// Parses an id or path or, if `project` is not `nil`, a path in that project.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` if the text or `project` is not valid.
    package init(_ text: String, in project: String?) throws(ClientError) {
        guard let project else {
            self = try RemotePath(text)
            return
        }
        guard case .path(let id, let names) = try RemotePath("\(project)/\(text)") else {
            throw ClientError(
                .requestInvalid,
                "'\(project)' is not a project id.",
                advice: "Use the form owner/project."
            )
        }
        self = .path(project: id, names: names)
    }

    fileprivate var isProject: Bool {
        guard case .path(_, let names) = self else { return false }
        return names.isEmpty
    }

    /// The name of the file or folder; empty for an id or a project.
    fileprivate var lastName: String {
        guard case .path(_, let names) = self else { return "" }
        return names.last ?? ""
    }
}
