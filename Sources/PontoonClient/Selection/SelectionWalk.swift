import SystemPackage

/// A walk through the selected local files and folders that collects the files to upload.
struct SelectionWalk {
    private let keepsTree: Bool
    private let keepsEmptyFolders: Bool
    private(set) var filter: PathFilter
    private(set) var items: [UploadItem] = []
    private(set) var skipped: [FileSelection.Result.Skipped] = []

    init(keepsTree: Bool, keepsEmptyFolders: Bool = false, filter: PathFilter) {
        (self.keepsTree, self.keepsEmptyFolders, self.filter) = (keepsTree, keepsTree && keepsEmptyFolders, filter)
    }

    /// A folder that is being read.
    private struct Folder {
        var path: FilePath
        /// Folders at the destination, including this one.
        var place: [String]
        /// Path of this folder relative to the selected folder, for matching patterns.
        var names: [String] = []
        /// Whether a pattern includes this folder, and therefore everything in it.
        var isIncluded = false
    }

    /// Adds a file, or the files below a folder.
    ///
    /// With `keepsTree`, the paths of the files at the destination begin with the folder's name, unless the argument
    /// ends with a slash, `.` or `..`.
    mutating func add(_ argument: FileSelection.Argument) {
        let name = argument.path.lexicallyNormalized().lastComponent.map { [$0.string] } ?? []
        let isNamed = !argument.isContents && argument.path.lastComponent?.kind == .regular
        add(argument.path, as: name, folder: isNamed ? name : [])
    }

    /// Adds the file at a listed path, or the files below it.
    ///
    /// With `keepsTree`, the folders in the path are recreated at the destination.
    mutating func addListed(_ path: FilePath) {
        let place = path.place
        add(path, as: place.isEmpty ? path.lastComponent.map { [$0.string] } ?? [] : place, folder: place)
    }

    /// Adds the file at a path that the user specified, or the files below it.
    ///
    /// - Parameters:
    ///   - path: The local path.
    ///   - file: Folders and name at the destination. Used if the path refers to a file.
    ///   - folder: Folders at the destination. Used if the path refers to a folder.
    private mutating func add(_ path: FilePath, as file: [String], folder: [String]) {
        let entry = LocalEntry(path)
        if !path.isText { return fail(path, at: file, Self.notText(path)) }
        switch entry {
        case .file:
            guard !file.isEmpty else { return fail(path, at: file, Self.nameless(path)) }
            append(path, at: file, isLast: filter.isLast(file.suffix(1)))
        case .folder: walk(Folder(path: path, place: folder))
        case .special: fail(path, at: file, Self.special(path))
        case .missing: fail(path, at: file, Self.missing(path))
        case .brokenLink: fail(path, at: file, Self.broken(path))
        case .unreadable(let error): fail(path, at: file, Self.unreadable(path, error))
        }
    }

    private mutating func walk(_ folder: Folder) {
        let names: [FilePath.Component]
        do throws(Errno) {
            names = try FileSystem.names(in: folder.path)
        } catch {
            return fail(folder.path, at: folder.place, Self.unreadable(folder.path, error))
        }
        if keepsEmptyFolders, names.isEmpty, !folder.place.isEmpty,
            folder.isIncluded || filter.includes(folder.names, isFolder: true)
        {
            append(folder.path, at: folder.place, isFolder: true)
        }
        for name in names { visit(name, in: folder) }
    }

    private mutating func visit(_ name: FilePath.Component, in folder: Folder) {
        var inner = folder
        inner.path.append(name)
        inner.names.append(name.string)
        inner.place.append(name.string)
        let entry = LocalEntry(inner.path)
        let isFolder = if case .folder = entry { true } else { false }
        if filter.excludes(inner.names, isFolder: isFolder) { return }
        inner.isIncluded = filter.includes(inner.names, isFolder: isFolder) || folder.isIncluded
        // Patterns may include files in a folder that is not itself included.
        guard inner.isIncluded || isFolder || entry.isUnreadable else { return }
        if !inner.path.isText { return fail(inner.path, at: inner.place, Self.notText(inner.path)) }
        switch entry {
        case .file: append(inner.path, name.string, in: folder.place, isLast: filter.isLast(inner.names))
        case .folder(isLink: true): skip(inner, "is a symbolic link to a folder")
        case .folder(isLink: false): walk(inner)
        case .special: skip(inner, "is neither a regular file nor a folder")
        case .missing: fail(inner.path, at: inner.place, Self.missing(inner.path))
        case .brokenLink: fail(inner.path, at: inner.place, Self.broken(inner.path))
        case .unreadable(let error): fail(inner.path, at: inner.place, Self.unreadable(inner.path, error))
        }
    }

    /// Adds an item.
    ///
    /// If `place` is empty, the item represents the destination itself and has the name `.`.
    private mutating func append(
        _ path: FilePath,
        at place: [String],
        isLast: Bool = false,
        isFolder: Bool = false,
        problem: ClientError? = nil
    ) {
        let folders = Array(place.dropLast())
        append(path, place.last ?? ".", in: folders, isLast: isLast, isFolder: isFolder, problem: problem)
    }

    private mutating func append(
        _ path: FilePath,
        _ name: String,
        in folders: [String],
        isLast: Bool,
        isFolder: Bool = false,
        problem: ClientError? = nil
    ) {
        var item = UploadItem(source: path, name: name, folders: keepsTree ? folders : [], problem: problem)
        (item.isLast, item.isFolder) = (isLast, isFolder)
        items.append(item)
    }

    private mutating func fail(_ path: FilePath, at place: [String], _ problem: ClientError) {
        append(path, at: place, problem: problem)
    }

    private mutating func skip(_ folder: Folder, _ reason: String) {
        let place = keepsTree ? folder.place : folder.place.suffix(1)
        skipped.append(
            FileSelection.Result.Skipped(path: folder.path, remotePath: place.joined(separator: "/"), reason: reason)
        )
    }
}

// MARK: - Problems

extension SelectionWalk {
    private static func notText(_ path: FilePath) -> ClientError {
        ClientError(
            .fileUnsuitable,
            "The path '\(path)' is not valid UTF-8.",
            advice: "Rename the file or folder. The tool 'convmv' can convert many names at once."
        )
    }

    private static func nameless(_ path: FilePath) -> ClientError {
        ClientError(.fileUnsuitable, "'\(path)' does not end with a name.", advice: "Use the path of a file.")
    }

    private static func special(_ path: FilePath) -> ClientError {
        ClientError(
            .fileUnsuitable,
            "'\(path)' is neither a regular file nor a folder.",
            advice: "Specify a file or a folder."
        )
    }

    private static func missing(_ path: FilePath) -> ClientError {
        // In an argument that is not valid UTF-8, this character replaces the invalid bytes.
        guard !path.string.unicodeScalars.contains("\u{FFFD}") else { return notText(path) }
        return ClientError(.notFound, "'\(path)' does not exist.", advice: "Check the path.")
    }

    private static func broken(_ path: FilePath) -> ClientError {
        ClientError(
            .fileUnreadable,
            "'\(path)' is a broken symbolic link.",
            advice: "Restore the link's target, or leave the link out with --exclude."
        )
    }

    static func unreadable(_ path: FilePath, _ error: Errno) -> ClientError {
        ClientError(
            .fileUnreadable,
            "Cannot read '\(path)': \(error).",
            advice: "Check its permissions, or leave it out with --exclude."
        )
    }
}
