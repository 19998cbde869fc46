import NIOHTTP1
import PontoonCore

extension UploadDestination {
    /// As the query and the bodies of the API name it.
    var field: (name: String, value: String) {
        switch self {
        case .project(let id): ("project", id)
        case .folder(let id): ("parent", id)
        }
    }
}

extension SevenBridgesClient {
    /// What lies directly in a project's root or in a folder, a page.
    ///
    /// - Parameters:
    ///   - place: The project or folder.
    ///   - names: Only what has one of these names; all when empty.
    ///   - offset: How many to pass over.
    ///   - limit: Most on a page, 1 to 100.
    /// - Returns: The page, with sizes and checksums where the server shows them.
    /// - Throws: ``APIError``, ``ClientError``.
    public func files(
        in place: UploadDestination,
        names: [String] = [],
        offset: Int = 0,
        limit: Int = 100
    ) async throws -> ResultPage<FileDetails> {
        try await page(
            "/files",
            query: [place.field] + names.map { ("name", $0) } + [("fields", "_all")],
            offset: offset,
            limit: limit,
            purpose: "list the files of '\(place.field.value)'"
        )
    }

    /// A file or folder.
    public func file(_ id: String) async throws -> FileDetails {
        try await call(APIRequest(method: .GET, path: "/files/\(id.urlEncoded)", purpose: "look at the file \(id)"))
    }

    /// The file or folder of a name in a project's root or a folder.
    ///
    /// - Returns: `nil` when there is none.
    public func file(named name: String, in place: UploadDestination) async throws -> FileDetails? {
        // Compared once more: a server that does not know the filter would list everything.
        try await files(in: place, names: [name]).items.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// Makes a folder.
    public func createFolder(_ name: String, in place: UploadDestination) async throws -> FileDetails {
        try await call(
            APIRequest(
                method: .POST,
                path: "/files",
                body: .object([
                    "name": .string(name), "type": .string("folder"), place.field.name: .string(place.field.value),
                ]),
                idempotency: .nonIdempotent,
                purpose: "make the folder '\(name)'"
            )
        )
    }

    /// Changes a file's name, tags and metadata.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - name: The new name; `nil` leaves it.
    ///   - tags: All of its tags from now on; `nil` leaves them.
    ///   - metadata: Keys to set; the others stay.
    /// - Returns: The file as it is then.
    /// - Throws: ``APIError``, ``ClientError``.
    @discardableResult
    public func changeFile(
        _ id: String,
        name: String? = nil,
        tags: [String]? = nil,
        metadata: [String: String]? = nil
    ) async throws -> FileDetails {
        var body: [String: JSONValue] = [:]
        body["name"] = name.map { .string($0) }
        body["tags"] = tags.map { .array($0.map { .string($0) }) }
        body["metadata"] = metadata.map { .object($0.mapValues { .string($0) }) }
        return try await call(
            APIRequest(
                method: .PATCH,
                path: "/files/\(id.urlEncoded)",
                body: .object(body),
                purpose: "change the file \(id)"
            )
        )
    }
}
