import PontoonCore
import PontoonFoundation
public import SystemPackage

/// A selection of local files by paths, patterns and a manifest.
public struct FileSelection: Sendable {
    /// Paths of files and folders, and shell patterns such as `*.bam`.
    ///
    /// As in rsync, a folder's path with a trailing slash selects the folder's contents without the folder itself.
    public var paths: [String] = []
    /// More paths of files and folders.
    ///
    /// With ``keepsTree``, the folders in each path are recreated at the destination. As with rsync's `--files-from`,
    /// an absolute path counts as relative to `/`, and if a path contains `/./`, only the folders after the last `/./`
    /// are recreated.
    public var listed: [FilePath] = []
    /// Whether folders are recreated at the destination.
    ///
    /// If `false`, all files are uploaded to the same folder.
    public var keepsTree = false
    /// Whether empty folders are selected too, as items with ``UploadItem/isFolder``.
    ///
    /// Has no effect without ``keepsTree``.
    public var keepsEmptyFolders = false
    /// Patterns that select files and folders below a folder; if empty, all files are selected.
    ///
    /// A pattern that matches a folder selects everything in it. Patterns do not apply to files that are named
    /// individually. They follow the rules of `.gitignore`, but without negation, and may also contain braces, as in
    /// `*.{bam,bai}`.
    public var include: [String] = []
    /// Patterns that exclude files and folders below a folder; they take precedence over ``include``.
    public var exclude: [String] = []
    /// Patterns of files that are sent after all others (``UploadItem/isLast``).
    public var last: [String] = []
    /// Minimum time since the last modification of a file.
    ///
    /// Files that were modified more recently are omitted. If any file is omitted for this reason, so are the files
    /// that match ``last``.
    public var minimumAge: Duration = .zero
    /// Tags for all files, in addition to those in a manifest.
    public var tags: [String] = []
    /// Metadata for all files; a manifest's values take precedence.
    public var metadata: [String: String] = [:]
    /// Metadata and tags for individual files; `nil` for none.
    ///
    /// Files that only the manifest lists are selected too.
    public var manifest: Manifest?

    /// Creates an empty selection.
    public init() {}

    /// The result of a selection.
    public struct Result: Sendable {
        /// A special file or a link to a folder, which is inside a selected folder and is not uploaded although no
        /// pattern excludes it.
        public struct Skipped: Sendable {
            /// Path of the file or folder.
            public let path: FilePath
            /// Path that the file or folder would have at the destination, separated by slashes.
            public let remotePath: String
            /// The reason, as a clause, such as `is a symbolic link to a folder`.
            public let reason: String
        }

        /// The selected files.
        ///
        /// Also contains the paths that cannot be uploaded, each with an error in ``UploadItem/problem``.
        public var items: [UploadItem] = []
        /// Special files and links to folders inside the selected folders, which are not uploaded.
        public var skipped: [Skipped] = []
        /// Warnings, for example about skipped files and patterns that matched nothing.
        public var warnings: [String] = []
        /// Number of files that are omitted because of ``FileSelection/minimumAge``, including the files that match
        /// ``FileSelection/last``.
        public var youngFiles = 0
        var filter: PathFilter

        /// Warnings about skipped files, files that were modified too recently, and names that look the same.
        var warningsAboutFiles: [String] {
            let noun = youngFiles == 1 ? "file" : "files"
            return skipped.map { "'\($0.path)' \($0.reason) and was skipped." }
                + (youngFiles > 0 ? ["\(youngFiles) \(noun) omitted because of --min-age."] : [])
                + FileSelection.warningsAboutNames(items)
        }
    }

    /// Finds the selected files.
    ///
    /// Blocks the calling thread. A path that cannot be uploaded becomes an item with an error in
    /// ``UploadItem/problem``, and the other paths are still selected. Examples are missing files, unreadable folders,
    /// broken links, names that are not valid UTF-8, and special files that are named individually. Special files and
    /// links to folders inside a folder are skipped.
    ///
    /// - Returns: The files of ``paths``, then those of ``listed``, then those that only the manifest lists, without
    ///   repetitions. Files from the same folder are in byte order of their names.
    /// - Throws: ``ClientError`` with code `.requestInvalid` if a pattern is not valid.
    public func resolve() throws -> Result {
        var result = try find()
        result.warnings = result.warningsAboutFiles + result.filter.warnings
        return result
    }

    /// Finds the selected files without collecting warnings.
    func find() throws -> Result {
        var walk = SelectionWalk(
            keepsTree: keepsTree,
            keepsEmptyFolders: keepsEmptyFolders,
            filter: try PathFilter(include: include, exclude: exclude, last: last)
        )
        for path in paths { for argument in Argument.expand(path) { walk.add(argument) } }
        for path in listed { walk.addListed(path) }
        var items = walk.items
        addManifest(to: &items)
        for index in items.indices { label(&items[index]) }
        items = Self.withoutRepetitions(items)
        let all = items.count
        if minimumAge > .zero { items = withoutYoung(items) }
        return Result(items: items, skipped: walk.skipped, youngFiles: all - items.count, filter: walk.filter)
    }

    /// Removes the files that were modified too recently and, if there are any, also the files to be sent last.
    private func withoutYoung(_ items: [UploadItem]) -> [UploadItem] {
        let now = Date.now.timeIntervalSince1970
        let old = items.filter { item in
            guard item.problem == nil, !item.isFolder, let status = try? FileStatus(item.source) else { return true }
            return .seconds(now - Double(status.modified) / 1e9) >= minimumAge
        }
        return old.count == items.count ? old : old.filter { !$0.isLast }
    }

    /// Removes all but the first item of a file that was selected more than once for the same path at the destination.
    ///
    /// A file can be selected both individually and as part of a folder, for example.
    private static func withoutRepetitions(_ items: [UploadItem]) -> [UploadItem] {
        var repeated: Set<Int> = []
        for positions in items.repetitions({ ByteExactString($0.remotePath) }).values {
            var sources: Set<String> = []
            for position in positions where items[position].problem == nil {
                if !sources.insert(items[position].source.absolute).inserted { repeated.insert(position) }
            }
        }
        return repeated.isEmpty ? items : items.indices.filter { !repeated.contains($0) }.map { items[$0] }
    }

    private func label(_ item: inout UploadItem) {
        if item.isFolder { return }
        // If there are no labels for all files, the item's values are not assigned again, because that would copy them.
        if !tags.isEmpty { item.tags = tags + item.tags.filter { !tags.contains($0) } }
        if !metadata.isEmpty { item.metadata = metadata.merging(item.metadata) { _, own in own } }
    }

    /// Returns warnings about names that look the same on screen but are different names on the server.
    private static func warningsAboutNames(_ items: [UploadItem]) -> [String] {
        let mayDiffer = items.filter { !$0.remotePath.utf8.allSatisfy { $0 < 0x80 } }
        // Swift's strings are equal if they differ only in normalization.
        let composed = Dictionary(grouping: mayDiffer, by: \.remotePath)
        return composed.values.filter { Set($0.map { Array($0.remotePath.utf8) }).count > 1 }.map { items in
            let names = items.map { "'\($0.source)'" }.joined(separator: " and ")
            return
                "\(names) differ only in how letters are composed (Unicode normalization). All of them are uploaded."
        }
    }
}

extension FileSelection {
    /// An entry of ``FileSelection/paths``, or a path that matches it.
    struct Argument {
        let path: FilePath
        /// Whether the path ends with a slash.
        ///
        /// As in rsync, such a path selects the contents of the folder instead of the folder itself.
        let isContents: Bool

        private init(_ bytes: [CChar]) {
            path = FilePath(platformString: bytes)
            isContents = bytes.dropLast().last == CChar(bitPattern: UInt8(ascii: "/"))
        }

        /// Returns the paths that match a shell pattern.
        ///
        /// Returns the text unchanged if it contains no wildcards, is the path of an existing file or folder, or
        /// matches nothing.
        static func expand(_ text: String) -> [Argument] {
            let literal = [Argument(Array(text.utf8CString))]
            guard text.contains(where: { "*?[".contains($0) }), LocalEntry(FilePath(text)) == .missing else {
                return literal
            }
            let found = FileSystem.expand(text).map { Argument($0) }
            return found.isEmpty ? literal : found
        }
    }
}
