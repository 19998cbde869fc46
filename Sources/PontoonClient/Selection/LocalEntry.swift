public import SystemPackage

/// The kind of an entry of the local file system, as far as it matters for an upload; links to files are followed.
enum LocalEntry: Equatable {
    case file
    case folder(isLink: Bool)
    /// A device, named pipe or socket, or a link to one.
    case special
    case missing
    /// A link whose target does not exist, or a cycle of links.
    case brokenLink
    /// The entry exists, but its status cannot be read.
    case unreadable(Errno)

    /// Reads the kind of the entry at a path; blocks.
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
    /// Whether the path is valid UTF-8; only such paths can be stored in journals and sent to the server.
    var isText: Bool { withPlatformString { String(validatingCString: $0) != nil } }

    /// The folders and the name that a listed path keeps at its destination.
    ///
    /// These are the components after the last `.` that is not the first component, or else all of them; `..` removes
    /// the folder before it.
    var place: [String] {
        let kept = components.lastIndex { $0.kind == .currentDirectory }
            .flatMap { $0 == components.startIndex ? nil : components[components.index(after: $0)...] }
        return FilePath(root: nil, kept ?? components[...]).lexicallyNormalized().components
            .filter { $0.kind == .regular }.map(\.string)
    }
}

extension UploadItem {
    /// The path of the source in the form of ``FileSelection/listed``, from which another run recreates ``folders``.
    public var listedPath: FilePath {
        // The contents of a folder that could not be read.
        if name == "." { return source.appending(".") }
        let names = folders + [name]
        let components = Array(source.components)
        guard components.suffix(names.count).map(\.string) == names else { return source }
        let omitted = components.dropLast(names.count).filter { $0.kind != .currentDirectory }
        let kept = components.suffix(names.count)
        guard !omitted.isEmpty || source.isAbsolute else { return FilePath(root: nil, kept) }
        // A root needs no `/./`, because an absolute path counts as relative to it.
        guard !omitted.isEmpty else { return FilePath(root: source.root, kept) }
        return FilePath(root: source.root, omitted + [FilePath.Component(".")] + kept)
    }
}
