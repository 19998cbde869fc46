/// A reference to a project, folder or file on the server: the id of a file or folder, or a path such as
/// `owner/project/folder/file`.
public enum RemotePath: Hashable, Sendable, CustomStringConvertible {
    /// The id of a file or folder.
    case id(String)
    /// The project, `owner/project`, and the names of the folders and the file in it, outermost first; no names for the
    /// project itself.
    case path(project: String, names: [String])

    /// Parses an id of 24 hexadecimal digits, or a path that starts with `owner/project`.
    ///
    /// Repeated and trailing slashes in a path are ignored.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` if the text is neither.
    public init(_ text: String) throws(ClientError) {
        if text.count == 24, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
            self = .id(text.lowercased())
            return
        }
        let names = text.split(separator: "/").map(String.init)
        guard names.count >= 2, !text.hasPrefix("/") else {
            throw ClientError(
                .requestInvalid,
                "'\(text)' is neither an id nor a path on the server.",
                advice: "Use an id, or a path such as owner/project/folder/file."
            )
        }
        self = .path(project: names[0...1].joined(separator: "/"), names: Array(names[2...]))
    }

    /// Returns the error for a path or id that does not exist.
    static func missing(_ path: String) -> ClientError {
        ClientError(
            .notFound,
            "'\(path)' does not exist on the server.",
            advice: "List files and folders with 'pontoon ls'."
        )
    }

    /// The id or path as text.
    public var description: String {
        switch self {
        case .id(let id): id
        case .path(let project, let names): ([project] + names).joined(separator: "/")
        }
    }
}

extension SevenBridgesClient {
    /// Requests a file or folder by its id, or by looking up each name in its path.
    ///
    /// - Returns: The file or folder; `nil` if the path consists only of a project. In this case, no request is sent,
    ///   so the project may not exist.
    /// - Throws: ``ClientError``, with code `.notFound` if a name in the path does not exist; ``APIError``, with status
    ///   404 if the id or the project does not exist.
    public func find(_ path: RemotePath) async throws -> FileDetails? {
        switch path {
        case .id(let id): return try await file(id)
        case .path(let project, let names):
            var place = UploadDestination.project(project)
            var found: FileDetails?
            for (index, name) in names.enumerated() {
                guard let next = try await file(named: name, in: place) else {
                    throw RemotePath.missing(([project] + names[...index]).joined(separator: "/"))
                }
                found = next
                place = .folder(next.id)
            }
            return found
        }
    }

    /// Converts a path or id to the project or folder to which it refers.
    ///
    /// - Returns: The project or folder. If the path consists only of a project, no request is sent, so the project may
    ///   not exist.
    /// - Throws: ``ClientError``, with code `.notFound` if a name in the path does not exist, or `.requestInvalid` if
    ///   the path leads to a file; ``APIError``, with status 404 if the id or the project does not exist.
    public func place(_ path: RemotePath) async throws -> UploadDestination {
        guard let found = try await find(path) else {
            switch path {
            case .path(let project, _): return .project(project)
            case .id(let id): throw RemotePath.missing(id)
            }
        }
        guard found.isFolder else {
            throw ClientError(.requestInvalid, "'\(path)' is a file, not a folder.", advice: "Specify a folder.")
        }
        return .folder(found.id)
    }
}
