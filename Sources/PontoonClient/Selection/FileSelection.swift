import Foundation
import Glibc
import SystemPackage

/// Which files are meant by the paths, patterns and lists that a user gives.
public struct FileSelection: Sendable {
    /// Files, folders, and patterns such as `*.bam`.
    public var paths: [String] = []
    /// Whether folders keep their tree at the destination; otherwise all files go to one place.
    public var keepsTree = false
    /// Patterns of which a file below a folder must match one; all do when there are none.
    public var include: [String] = []
    /// Patterns of which a file or folder below a folder must match none.
    public var exclude: [String] = []
    /// Tags for all.
    public var tags: [String] = []
    /// Metadata for all; what a manifest says of a file wins.
    public var metadata: [String: String] = [:]
    /// What a manifest says of single files.
    public var manifest: Manifest?

    /// Selects nothing.
    public init() {}

    /// What was found.
    public struct Result: Sendable {
        /// The files.
        public var items: [UploadItem] = []
        /// What was passed over, and why.
        public var warnings: [String] = []
    }

    /// Looks at the file system; blocks.
    ///
    /// - Returns: The files: in the order of the paths, and by name within a folder.
    /// - Throws: `.notFound`, `.fileUnreadable`, `.requestInvalid`.
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
            // As with rsync: with a slash at the end it is what is in the folder, without it is the folder.
            let isWhole = !path.hasSuffix("/") && file.lastComponent?.kind == .regular
            try walk(file, below: isWhole && keepsTree ? [try Self.name(file)] : [], relative: [], to: &result)
        case .other:
            throw ClientError(.fileUnsuitable, "'\(path)' is neither a file nor a folder.")
        case .missing:
            throw ClientError(.notFound, "There is no '\(path)'.", advice: "Check the path.")
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
                result.warnings.append("'\(path)' is a link to a folder and was not followed.")
            case .folder:
                try walk(path, below: below + [name.string], relative: inside, to: &result)
            case .file where include.isEmpty || Self.matches(inside, include):
                result.items.append(
                    UploadItem(source: path, name: try Self.name(path), folders: keepsTree ? below : [])
                )
            case .file: break
            case .other: result.warnings.append("'\(path)' is neither a file nor a folder and was left out.")
            case .missing: result.warnings.append("'\(path)' is a link to nothing and was left out.")
            }
        }
    }

    private func label(_ item: inout UploadItem) {
        item.tags = tags + item.tags.filter { !tags.contains($0) }
        item.metadata = metadata.merging(item.metadata) { _, own in own }
    }

    /// Names that look the same on many screens and are different for the API.
    private func warnAboutNames(_ result: inout Result) {
        let composed = Dictionary(grouping: result.items) { $0.remotePath.precomposedStringWithCanonicalMapping }
        for items in composed.values where Set(items.map { Array($0.remotePath.utf8) }).count > 1 {
            let names = items.map { "'\($0.source)'" }.joined(separator: " and ")
            result.warnings.append("\(names) differ only in how letters are composed: both are uploaded.")
        }
    }
}

extension FileSelection {
    enum Kind { case file, folder, other, missing }

    static func kind(_ path: FilePath) throws -> Kind {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return .missing }
            throw ClientError(.fileUnreadable, "'\(path)' cannot be looked at: \(Errno(rawValue: errno)).")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    private static func isLink(_ path: FilePath) -> Bool {
        var status = stat()
        return path.withPlatformString { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// A path's last name, as the API takes it.
    ///
    /// - Throws: `.fileUnsuitable` when it is no UTF-8: the API writes names in JSON.
    static func name(_ path: FilePath) throws -> String {
        guard let name = path.lexicallyNormalized().lastComponent else {
            throw ClientError(.fileUnsuitable, "'\(path)' has no name.")
        }
        let isText = name.withPlatformString { String(validatingCString: $0) != nil }
        guard isText else {
            throw ClientError(
                .fileUnsuitable,
                "The name of '\(path)' is no UTF-8 text.",
                advice: "Rename the file; 'convmv' helps with many."
            )
        }
        return name.string
    }

    /// What is in a folder, by name.
    private static func names(_ folder: FilePath) throws -> [FilePath.Component] {
        guard let stream = folder.withPlatformString({ opendir($0) }) else {
            throw ClientError(.fileUnreadable, "The folder '\(folder)' cannot be read: \(Errno(rawValue: errno)).")
        }
        defer { closedir(stream) }
        var names: [FilePath.Component] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { FilePath.Component(platformString: $0) }
            }
            if let name, name.kind == .regular { names.append(name) }
        }
        return names.sorted { $0.string.utf8.lexicographicallyPrecedes($1.string.utf8) }
    }

    /// Whether a path below a folder, or its name, matches a pattern.
    static func matches(_ path: [String], _ patterns: [String]) -> Bool {
        let whole = path.joined(separator: "/")
        return patterns.contains { pattern in
            fnmatch(pattern, whole, 0) == 0 || path.last.map { fnmatch(pattern, $0, 0) == 0 } ?? false
        }
    }

    /// Files that a pattern stands for, when there is no file of that very name.
    private static func expand(_ path: String) throws -> [String] {
        guard path.contains(where: { "*?[".contains($0) }), try kind(FilePath(path)) == .missing else { return [path] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(path, GLOB_MARK, nil, &found) == 0 else {
            throw ClientError(.notFound, "Nothing matches '\(path)'.", advice: "Check the pattern.")
        }
        return (0..<Int(found.gl_pathc)).compactMap { index in
            found.gl_pathv[index].map { String(cString: $0) }
        }
    }
}
