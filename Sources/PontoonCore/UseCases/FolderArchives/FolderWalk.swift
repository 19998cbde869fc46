/// A reader of a folder and everything in it, which returns each folder before its entries, and entries ordered by
/// name.
///
/// Reads one page at a time, so the memory usage does not depend on the number of files.
struct FolderWalk {
    /// Maximum number of entries that are read with one query.
    private static let pageSize = 200

    /// A folder whose content has been read up to a name.
    private struct OpenFolder {
        let id: String
        let path: String
        /// Number of names in the path.
        let depth: Int
        var lastName: String?
        var page: ArraySlice<File> = []
        var isAtEnd = false
    }

    private let files: any FileStore
    /// The folder itself, until it has been returned.
    private var root: File?
    /// The folders from the root to the current folder.
    private var open: [OpenFolder] = []

    init(_ folder: File, in files: any FileStore) {
        self.files = files
        root = folder
    }

    /// Returns the next file or folder; `nil` at the end.
    ///
    /// - Throws: `.badRequest` if the path has more than ``ArchivePath/maximumDepth`` names or
    ///   ``ArchivePath/maximumLength`` bytes; `.internalError` if a stored name could lead out of the folder.
    mutating func next() async throws -> FolderArchiveEntry? {
        if let folder = root.take() { return try enter(folder, path: folder.nameInArchive, depth: 1) }
        while var place = open.popLast() {
            if let file = place.page.popFirst() {
                open.append(place)
                let (path, depth) = ("\(place.path)/\(file.name)", place.depth + 1)
                // Even if a stored name is invalid, an archive must not make a program that extracts it write outside
                // the folder.
                guard !file.name.isEmpty, file.name != ".", file.name != "..", !file.name.utf8.contains(0x2F) else {
                    throw PontoonError(.internalError, "The name of file '\(file.id)' is not valid.")
                }
                if file.kind == .folder { return try enter(file, path: path, depth: depth) }
                return try entry(file, path: path, depth: depth)
            }
            guard !place.isAtEnd else { continue }
            let window = FileWindow.after(place.lastName, limit: Self.pageSize)
            let page = try await files.files(in: place.id, filter: FileFilter(), window: window).items
            place.lastName = page.last?.name
            place.page = page.map(\.withoutLabels)[...]
            place.isAtEnd = page.count < Self.pageSize
            open.append(place)
        }
        return nil
    }

    private mutating func enter(_ folder: File, path: String, depth: Int) throws(PontoonError) -> FolderArchiveEntry {
        open.append(OpenFolder(id: folder.id, path: path, depth: depth))
        return try entry(folder.withoutLabels, path: path, depth: depth)
    }

    private func entry(_ file: File, path: String, depth: Int) throws(PontoonError) -> FolderArchiveEntry {
        guard depth <= ArchivePath.maximumDepth, path.utf8.count <= ArchivePath.maximumLength else {
            throw PontoonError(
                .badRequest,
                """
                The path of '\(file.id)' has more than \(ArchivePath.maximumDepth) names or \
                \(ArchivePath.maximumLength) bytes; download the folders inside this one separately.
                """
            )
        }
        return FolderArchiveEntry(path: path, file: file)
    }
}

extension File {
    /// The file without tags and metadata, which can be long.
    fileprivate var withoutLabels: File {
        var file = self
        (file.tags, file.metadata) = ([], [:])
        return file
    }
}
