import Foundation
import SystemPackage

/// A selection of local files by paths, patterns and a manifest.
public struct FileSelection: Sendable {
    /// Paths of files and folders, and shell patterns such as `*.bam`.
    public var paths: [String] = []
    /// Whether folders are recreated at the destination; otherwise all files go to the same folder.
    public var keepsTree = false
    /// Patterns that select files below a folder; if empty, all files are selected.
    public var include: [String] = []
    /// Patterns that exclude files and folders below a folder; they take precedence over ``include``.
    public var exclude: [String] = []
    /// Tags for all files.
    public var tags: [String] = []
    /// Metadata for all files; a manifest's values take precedence.
    public var metadata: [String: String] = [:]
    /// Metadata and tags for individual files.
    public var manifest: Manifest?

    /// Creates an empty selection.
    public init() {}

    /// The result of a selection.
    public struct Result: Sendable {
        /// The selected files.
        public var items: [UploadItem] = []
        /// Warnings, for example about skipped files.
        public var warnings: [String] = []
    }

    /// Finds the selected files; blocks.
    ///
    /// - Returns: The files in the order of the paths, in byte order of the names within a folder. Files that only the
    ///   manifest lists come last.
    /// - Throws: ``ClientError`` with code `.notFound` for a path, pattern or manifest entry that matches no file,
    ///   `.fileUnreadable`, or `.fileUnsuitable` if a path names a special file or the name of a file is not valid
    ///   UTF-8. Inside a folder, special files, links to folders and broken links are skipped with a warning.
    public func resolve() throws -> Result {
        var result = Result()
        for path in paths {
            for match in try Self.expand(path) { try add(match, to: &result) }
        }
        try addManifest(to: &result)
        for index in result.items.indices { label(&result.items[index]) }
        warnAboutNames(&result)
        return result
    }

    private func add(_ path: String, to result: inout Result) throws {
        let file = FilePath(path)
        switch try Self.kind(file) {
        case .file:
            result.items.append(UploadItem(source: file, name: try Self.name(file)))
        case .folder:
            // As in rsync, a path with a trailing slash means the folder's contents; without one, the folder itself.
            let isWhole = !path.hasSuffix("/") && file.lastComponent?.kind == .regular
            try walk(file, below: isWhole && keepsTree ? [try Self.name(file)] : [], relative: [], to: &result)
        case .other:
            throw ClientError(
                .fileUnsuitable,
                "'\(path)' is neither a regular file nor a folder.",
                advice: "Specify a file or a folder."
            )
        case .missing:
            throw ClientError(.notFound, "'\(path)' does not exist.", advice: "Check the path.")
        }
    }

    private func walk(_ folder: FilePath, below: [String], relative: [String], to result: inout Result) throws {
        for name in try Self.names(folder) {
            let path = folder.appending(name)
            let inside = relative + [name.string]
            let kind = try Self.kind(path)
            if Self.matches(inside, exclude) { continue }
            switch kind {
            case .folder where Self.isLink(path):
                result.warnings.append("'\(path)' is a symbolic link to a folder and was not followed.")
            case .folder:
                try walk(path, below: below + [name.string], relative: inside, to: &result)
            case .file where include.isEmpty || Self.matches(inside, include):
                result.items.append(
                    UploadItem(source: path, name: try Self.name(path), folders: keepsTree ? below : [])
                )
            case .file: break
            case .other: result.warnings.append("'\(path)' is neither a regular file nor a folder and was skipped.")
            case .missing: result.warnings.append("'\(path)' is a broken symbolic link and was skipped.")
            }
        }
    }

    private func label(_ item: inout UploadItem) {
        item.tags = tags + item.tags.filter { !tags.contains($0) }
        item.metadata = metadata.merging(item.metadata) { _, own in own }
    }

    /// Warns about names that look the same on screen but are different names on the server.
    private func warnAboutNames(_ result: inout Result) {
        let composed = Dictionary(grouping: result.items) { $0.remotePath.precomposedStringWithCanonicalMapping }
        for items in composed.values where Set(items.map { Array($0.remotePath.utf8) }).count > 1 {
            let names = items.map { "'\($0.source)'" }.joined(separator: " and ")
            result.warnings.append(
                "\(names) differ only in how letters are composed (Unicode normalization). All of them are uploaded."
            )
        }
    }
}

extension FileSelection {
    enum Kind { case file, folder, other, missing }

    static func kind(_ path: FilePath) throws -> Kind {
        do {
            return switch try FileStatus(path).kind {
            case .file: .file
            case .directory: .folder
            case .link, .other: .other
            }
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return .missing
        } catch {
            throw ClientError(.fileUnreadable, "Cannot access '\(path)': \(error).", advice: "Check its permissions.")
        }
    }

    private static func isLink(_ path: FilePath) -> Bool {
        (try? FileStatus(path, followingLinks: false).kind) == .link
    }

    /// Returns a path's last component as a file name for the API.
    ///
    /// - Throws: `.fileUnsuitable` if the path has no last component, as in `/`, or if it is not valid UTF-8.
    static func name(_ path: FilePath) throws -> String {
        guard let name = path.lexicallyNormalized().lastComponent else {
            throw ClientError(
                .fileUnsuitable,
                "'\(path)' does not end with a name.",
                advice: "Use the path of a file."
            )
        }
        let isText = name.withPlatformString { String(validatingCString: $0) != nil }
        guard isText else {
            throw ClientError(
                .fileUnsuitable,
                "The name of '\(path)' is not valid UTF-8.",
                advice: "Rename the file. The tool 'convmv' can convert many names at once."
            )
        }
        return name.string
    }

    private static func names(_ folder: FilePath) throws -> [FilePath.Component] {
        do {
            return try FileSystem.names(in: folder)
        } catch {
            throw ClientError(
                .fileUnreadable,
                "Cannot read the folder '\(folder)': \(error).",
                advice: "Check its permissions."
            )
        }
    }

    /// Returns whether a path below a folder, or its last component, matches any of the patterns.
    static func matches(_ path: [String], _ patterns: [String]) -> Bool {
        let whole = path.joined(separator: "/")
        return patterns.contains { pattern in
            FileSystem.matches(whole, pattern: pattern)
                || path.last.map { FileSystem.matches($0, pattern: pattern) } ?? false
        }
    }

    /// Returns the paths that match a shell pattern.
    ///
    /// A text without wildcards is returned as it is, and so is the path of an existing file or folder.
    ///
    /// - Throws: `.notFound` if nothing matches; `.fileUnreadable`.
    private static func expand(_ path: String) throws -> [String] {
        guard path.contains(where: { "*?[".contains($0) }), try kind(FilePath(path)) == .missing else { return [path] }
        let found = FileSystem.expand(path)
        guard !found.isEmpty else {
            throw ClientError(.notFound, "No file matches '\(path)'.", advice: "Check the pattern.")
        }
        return found
    }
}
