public import SystemPackage

/// The kind of a local file or folder, or of the target if it is a symbolic link.
enum LocalEntry: Equatable {
    case file
    case folder(isLink: Bool)
    /// A device, named pipe or socket, or a link to one.
    case special
    case missing
    /// A link whose target does not exist, or a cycle of links.
    case brokenLink
    /// The entry's status cannot be read, for example because of the permissions of its folder.
    case unreadable(Errno)

    /// Reads the kind of the entry at a path.
    ///
    /// Blocks the calling thread.
    init(_ path: FilePath) {
        do throws(Errno) {
            let own = try FileStatus(path, followingLinks: false)
            self = own.kind == .link ? Self.target(of: path) : Self(own, isLink: false)
        } catch {
            self = Self(error, ifMissing: .missing)
        }
    }

    private static func target(of link: FilePath) -> LocalEntry {
        do throws(Errno) {
            return Self(try FileStatus(link), isLink: true)
        } catch .tooManySymbolicLinkLevels {
            return .brokenLink
        } catch {
            return Self(error, ifMissing: .brokenLink)
        }
    }

    var isUnreadable: Bool { if case .unreadable = self { true } else { false } }

    private init(_ status: FileStatus, isLink: Bool) {
        self =
            switch status.kind {
            case .file: .file
            case .directory: .folder(isLink: isLink)
            case .link, .other: .special
            }
    }

    private init(_ error: Errno, ifMissing missing: LocalEntry) {
        self = [.noSuchFileOrDirectory, .notDirectory].contains(error) ? missing : .unreadable(error)
    }
}

extension FilePath {
    /// Whether the path is valid UTF-8.
    ///
    /// Only such paths can be stored in journals and sent to the server.
    var isText: Bool { withPlatformString { String(validatingCString: $0) != nil } }

    /// The folders and the name that a path in ``FileSelection/listed`` has at the destination.
    ///
    /// These are the components after the last `.` component, not counting one at the start of the path. If there is
    /// none, they are all components. A `..` removes the folder before it.
    var place: [String] {
        let kept = components.lastIndex { $0.kind == .currentDirectory }
            .flatMap { $0 == components.startIndex ? nil : components[components.index(after: $0)...] }
        return FilePath(root: nil, kept ?? components[...]).lexicallyNormalized().components
            .filter { $0.kind == .regular }.map(\.string)
    }
}

extension UploadItem {
    /// The entry of ``FileSelection/listed`` with which another run uploads this file to the same ``folders``.
    ///
    /// If the source's path does not end with ``folders`` and ``name``, this is the unchanged path of the source.
    public var listedPath: FilePath {
        // The item represents the contents of a folder that could not be read.
        if name == "." { return source.appending(".") }
        let names = folders + [name]
        let components = Array(source.components)
        guard components.suffix(names.count).map(\.string) == names else { return source }
        let omitted = components.dropLast(names.count).filter { $0.kind != .currentDirectory }
        let kept = components.suffix(names.count)
        guard !omitted.isEmpty || source.isAbsolute else { return FilePath(root: nil, kept) }
        // No `/./` is needed after the root, because an absolute path counts as relative to `/`.
        guard !omitted.isEmpty else { return FilePath(root: source.root, kept) }
        return FilePath(root: source.root, omitted + [FilePath.Component(".")] + kept)
    }
}
