/// The use case that describes files and folders as objects of GA4GH's Data Repository Service.
package struct DataObjects: Sendable {
    /// Maximum number of files and folders in a bundle at all levels, including the bundle itself.
    ///
    /// A bundle must fit into one response, because it has no pages.
    package static let maximumEntries = 10_000

    private let metadata: any MetadataStore
    private let downloads: Downloads
    private let access: Access

    package init(metadata: any MetadataStore, downloads: Downloads) {
        self.metadata = metadata
        self.downloads = downloads
        access = Access(metadata: metadata)
    }

    /// Returns a file, or a folder with everything in it.
    ///
    /// - Throws: `.fileNotFound`; `.badRequest` if the folder contains more than ``maximumEntries``, or a path in it is
    ///   too long; see ``ArchivePath``.
    package func object(_ id: String, caller: Caller) async throws -> DataObject {
        let file = try await access.file(id, for: caller)
        guard file.kind == .folder else { return .file(file) }
        var walk = FolderWalk(file, in: metadata)
        var (children, count) = ([String: [File]](), 0)
        while let entry = try await walk.next() {
            count += 1
            guard count <= Self.maximumEntries else {
                throw PontoonError(
                    .badRequest,
                    "The folder contains more than \(Self.maximumEntries) files and folders; use the bundles inside it."
                )
            }
            guard entry.file.id != file.id, let parent = entry.file.parent else { continue }
            children[parent, default: []].append(entry.file)
        }
        return .bundle(Self.bundle(file, children))
    }

    /// Returns the request with which the caller reads a file.
    ///
    /// - Throws: The errors of ``Downloads/request(_:caller:base:)``, but `.fileNotFound` for a folder, which has no
    ///   bytes.
    package func request(_ id: String, caller: Caller, base: BaseURL) async throws -> (File, SignedRequest) {
        do {
            return try await downloads.request(id, caller: caller, base: base)
        } catch let error as PontoonError where error.code == .folderNotDownloadable {
            throw PontoonError(.fileNotFound, "A bundle has no access methods; use the access methods of its objects.")
        }
    }

    /// Returns a folder with its contents, recursively; ``FolderWalk`` limits the depth.
    private static func bundle(_ folder: File, _ children: [String: [File]]) -> FolderBundle {
        let contents = (children[folder.id] ?? []).map { file -> DataObject in
            file.kind == .folder ? .bundle(bundle(file, children)) : .file(file)
        }
        return FolderBundle(folder, contents: contents)
    }
}
