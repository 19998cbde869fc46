/// A file or folder as a user names it: its id, or `owner/project` and the names of folders below it.
public enum RemotePath: Hashable, Sendable, CustomStringConvertible {
    case id(String)
    case path(project: String, names: [String])

    /// Reads it.
    ///
    /// - Throws: `.requestInvalid` when it is neither.
    public init(_ text: String) throws(ClientError) {
        if text.count == 24, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
            self = .id(text.lowercased())
            return
        }
        let names = text.split(separator: "/").map(String.init)
        guard names.count >= 2, !text.hasPrefix("/") else {
            throw ClientError(
                .requestInvalid,
                "'\(text)' names nothing at the server.",
                advice: "Give an id, or owner/project and names of folders below it."
            )
        }
        self = .path(project: names[0...1].joined(separator: "/"), names: Array(names[2...]))
    }

    /// As it was written.
    public var description: String {
        switch self {
        case .id(let id): id
        case .path(let project, let names): ([project] + names).joined(separator: "/")
        }
    }
}

extension SevenBridgesClient {
    /// The file or folder that is meant; `nil` is a project's root.
    ///
    /// - Throws: `.notFound` naming the part of the path that is missing; ``APIError``.
    public func find(_ path: RemotePath) async throws -> FileDetails? {
        switch path {
        case .id(let id): return try await file(id)
        case .path(let project, let names):
            var place = UploadDestination.project(project)
            var found: FileDetails?
            for (index, name) in names.enumerated() {
                guard let next = try await file(named: name, in: place) else {
                    let missing = ([project] + names[...index]).joined(separator: "/")
                    throw ClientError(
                        .notFound,
                        "There is no '\(missing)'.",
                        advice: "'pontoon ls' shows what is there."
                    )
                }
                found = next
                place = .folder(next.id)
            }
            return found
        }
    }

    /// The project or folder that is meant.
    ///
    /// - Throws: `.notFound`; `.requestInvalid` when it is a file.
    public func place(_ path: RemotePath) async throws -> UploadDestination {
        guard let found = try await find(path) else {
            guard case .path(let project, _) = path else { preconditionFailure("an id is always found or refused") }
            return .project(project)
        }
        guard found.isFolder else { throw ClientError(.requestInvalid, "'\(path)' is a file, not a folder.") }
        return .folder(found.id)
    }
}
