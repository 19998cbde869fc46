/// A walk through files and folders on the server.
///
/// Lists of files are requested page by page. Only the ids of the listed folders and one page per level are kept in
/// memory.
package struct RemoteWalk: Sendable {
    /// A file or folder that the walk found, with its path.
    package struct Entry: Sendable {
        package let file: FileDetails
        /// Path of the entry, such as `owner/project/folder/name`.
        ///
        /// If the start was given by id, the path is relative to the start, and the path of the start itself is its
        /// name.
        package let path: String
        /// Names of the folders below the start, outermost first, followed by the entry's name.
        package let names: [String]
    }

    /// A step of the walk.
    package enum Step: Sendable {
        /// A file or folder that the filter selects.
        case found(Entry)
        /// The path of a project or folder whose contents follow. Reported only with ``Depth/everything``.
        case entering(String)
        /// The path of a project or folder whose contents have been reported. Follows each ``entering(_:)`` unless
        /// ``walk(_:_:)`` throws, even if a folder could not be listed.
        case leaving(String)
        /// The path of a folder that could not be listed completely, and the error. The walk continues.
        case failed(String, any Error)
    }

    /// The extent of a walk.
    package enum Depth: Sendable {
        /// Only the file or folder at which the walk starts or, with a pattern, the files and folders that match it.
        case starts
        /// The contents of the project or folder at which the walk starts, or the file at which it starts. With a
        /// pattern, the files and folders that match it.
        case contents
        /// Like ``contents``, and additionally everything below the listed folders.
        case everything
    }

    /// The project, file or folder at which a walk starts, and an optional pattern for paths below it.
    package struct Start: Sendable, Equatable {
        fileprivate let place: UploadDestination
        /// The file or folder at which the walk starts; `nil` for a project.
        package let file: FileDetails?
        /// Path of the start, without the pattern; empty if the start was given by id.
        package let path: String
        fileprivate let pattern: PathPattern?

        /// Returns whether both walks start at the same project, file or folder, regardless of their patterns.
        package static func == (left: Start, right: Start) -> Bool {
            left.place == right.place && left.path == right.path && left.file?.id == right.file?.id
        }

        /// Whether a pattern selects the files and folders below the start.
        package var isPattern: Bool { pattern != nil }

        fileprivate func path(of names: [String]) -> String {
            (path.isEmpty ? names : [path] + names).joined(separator: "/")
        }
    }

    private let client: SevenBridgesClient
    private let filter: RemoteFilter
    private let depth: Depth
    private var folders = FolderWalk()
    /// Whether the start's pattern has matched a file or folder, even one that the filter does not select.
    ///
    /// Has no meaning for a start without a pattern.
    package private(set) var hasMatched = false

    /// Creates a walk.
    ///
    /// - Parameters:
    ///   - client: Client for the server's API.
    ///   - filter: Selects the entries for ``Step/found(_:)``.
    ///   - depth: The extent of the walk.
    package init(_ client: SevenBridgesClient, filter: RemoteFilter, depth: Depth) {
        (self.client, self.filter, self.depth) = (client, filter, depth)
    }

    /// Walks from a start in the server's order.
    ///
    /// The contents of a folder follow the folder.
    ///
    /// - Parameters:
    ///   - start: The file, folder, project or pattern.
    ///   - step: Called for each step, in order.
    /// - Throws: ``ClientError`` with code `.requestInvalid` if the start is a project without a pattern and the depth
    ///   is ``Depth/starts``; ``APIError`` or ``ClientError`` if the start cannot be listed, or if the error is likely
    ///   to affect every request; any error that `step` throws.
    package mutating func walk(_ start: Start, _ step: (Step) async throws -> Void) async throws {
        if start.isPattern { return try await list(start.place, start, names: [], isInside: false, step) }
        let path = start.path.isEmpty ? start.file?.name ?? "" : start.path
        if depth != .starts, start.file?.isFolder ?? true {
            if depth == .everything { try await step(.entering(path)) }
            try await list(start.place, start, names: [], isInside: true, step)
            if depth == .everything { try await step(.leaving(path)) }
        } else if let file = start.file {
            let entry = Entry(file: file, path: path, names: [file.name])
            if filter.selects(file, entry.names) { try await step(.found(entry)) }
        } else {
            throw ClientError(
                .requestInvalid,
                "'\(path)' is a project, not a file or folder.",
                advice: "Show it with 'pontoon projects \(path)'."
            )
        }
    }

    private mutating func list(
        _ place: UploadDestination,
        _ start: Start,
        names: [String],
        isInside: Bool,
        _ step: (Step) async throws -> Void
    ) async throws {
        // The server's filter by tags and metadata omits folders, so use it only if the walk need not enter any.
        let query = depth == .everything || start.isPattern ? [] : filter.query
        try await client.eachPage {
            try await client.files(in: place, filter: query, offset: $0)
        } _: { files in
            for file in files { try await visit(file, start, names: names + [file.name], isInside: isInside, step) }
        }
    }

    private mutating func visit(
        _ file: FileDetails,
        _ start: Start,
        names: [String],
        isInside: Bool,
        _ step: (Step) async throws -> Void
    ) async throws {
        let entry = Entry(file: file, path: start.path(of: names), names: names)
        let isMatch = start.pattern?.matches(names, isFolder: file.isFolder) ?? true
        if isMatch { hasMatched = true }
        let isInside = isInside || isMatch
        if isMatch || isInside && depth == .everything, filter.selects(file, names) { try await step(.found(entry)) }
        guard file.isFolder else { return }
        let isEntered = isInside && depth == .everything
        guard isEntered || start.pattern?.mayMatch(below: names) ?? false else { return }
        try folders.enter(file, depth: names.count)
        if isEntered { try await step(.entering(entry.path)) }
        do {
            try await list(.folder(file.id), start, names: names, isInside: isInside, step)
        } catch let error as APIError where !error.concernsEveryRequest {
            try await step(.failed(entry.path, error))
        } catch let error as ClientError where [.responseUnreadable, .responseTooLong].contains(error.code) {
            try await step(.failed(entry.path, error))
        }
        if isEntered { try await step(.leaving(entry.path)) }
    }
}

extension SevenBridgesClient {
    /// Finds the start of a walk, given as a path, an id or a path with a pattern.
    ///
    /// A path contains a pattern if a name of a file or folder in it contains `*`, `?`, `[`, `{` or `\`, unless a file
    /// or folder has exactly this path. The pattern begins with the first such name, follows the rules of `.gitignore`
    /// and is relative to the project or folder before it.
    ///
    /// - Throws: ``ClientError``, with code `.notFound` if a name before the pattern does not exist, or
    ///   `.requestInvalid` if the text is neither an id nor a path, or if the pattern is not valid; ``APIError`` with
    ///   status 404 for an unknown id, or for a file or folder in an unknown project.
    package func start(_ text: String) async throws -> RemoteWalk.Start {
        let path = try RemotePath(text)
        guard case .path(let project, let names) = path,
            let index = names.firstIndex(where: { $0.contains { "*?[{\\".contains($0) } })
        else { return try await start(path, pattern: nil) }
        do {
            return try await start(path, pattern: nil)
        } catch let error as ClientError where error.code == .notFound {
            let isFolder = text.hasSuffix("/") ? "/" : ""
            let pattern = try PathPattern("/" + names[index...].joined(separator: "/") + isFolder)
            return try await start(.path(project: project, names: Array(names[..<index])), pattern: pattern)
        }
    }

    private func start(_ path: RemotePath, pattern: PathPattern?) async throws -> RemoteWalk.Start {
        let found = try await find(path)
        let isID = if case .id = path { true } else { false }
        let place: UploadDestination = if let found { .folder(found.id) } else { try await place(path) }
        return RemoteWalk.Start(
            place: place,
            file: found,
            path: isID ? "" : "\(path)",
            pattern: pattern
        )
    }
}
