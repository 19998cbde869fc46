import NIOHTTP1
import PontoonCore

extension UploadDestination {
    /// The field that identifies this destination in queries and bodies.
    var field: (name: String, value: String) {
        switch self {
        case .project(let id): ("project", id)
        case .folder(let id): ("parent", id)
        }
    }
}

extension SevenBridgesClient {
    /// Lists one page of the files and folders directly in a project or folder.
    ///
    /// - Parameters:
    ///   - place: The project or folder.
    ///   - names: Limits the list to items with one of these names; if empty, all items are listed. A server that does
    ///     not support this filter also returns items with other names.
    ///   - offset: Number of items to skip.
    ///   - limit: Maximum number of items on the page, 1 to 100.
    /// - Returns: The page, with sizes and checksums if the server provides them.
    /// - Throws: ``APIError``, ``ClientError``.
    public func files(
        in place: UploadDestination,
        names: [String] = [],
        offset: Int = 0,
        limit: Int = 100
    ) async throws -> ResultPage<FileDetails> {
        try await files(in: place, filter: names.map { ("name", $0) }, offset: offset, limit: limit)
    }

    /// Lists one page of the files and folders that are directly in a project or folder and match the given query
    /// filters.
    func files(
        in place: UploadDestination,
        filter: [(name: String, value: String)],
        offset: Int,
        limit: Int = 100
    ) async throws -> ResultPage<FileDetails> {
        try await page(
            "/files",
            query: [place.field] + filter + [("fields", "_all")],
            offset: offset,
            limit: limit,
            purpose: "list the files of '\(place.field.value)'"
        )
    }

    /// Requests the details of a file or folder.
    ///
    /// - Throws: ``APIError``, with status 404 if it does not exist; ``ClientError``.
    public func file(_ id: String) async throws -> FileDetails {
        try await call(APIRequest(method: .GET, path: "/files/\(id.urlEncoded)", purpose: "get the file \(id)"))
    }

    /// Requests that the server read a file's stored bytes again and compare them with their checksum.
    ///
    /// This call is an extension of Pontoon.
    ///
    /// - Returns: The file. To wait for the result, request the file with ``file(_:)`` until
    ///   ``FileDetails/Checksums/verificationRequestedOn`` is `nil`.
    /// - Throws: ``APIError``, with status 404 if the file does not exist or the server does not support the call;
    ///   ``ClientError``.
    public func requestVerification(of id: String) async throws -> FileDetails {
        try await call(
            APIRequest(method: .POST, path: "/files/\(id.urlEncoded)/actions/verify", purpose: "verify the file \(id)")
        )
    }

    /// Finds a file or folder by name in a project or folder, without searching its subfolders.
    ///
    /// Names are compared byte for byte.
    ///
    /// - Returns: The file or folder; `nil` if none has this name.
    /// - Throws: ``APIError``, with status 404 if the project or folder to search does not exist; ``ClientError``.
    public func file(named name: String, in place: UploadDestination) async throws -> FileDetails? {
        try await files(in: place, named: [name]).first
    }

    /// Finds files and folders by name in a project or folder, without searching its subfolders.
    ///
    /// Names are compared byte for byte.
    ///
    /// - Returns: The files and folders that have one of the names, in the server's order.
    /// - Throws: ``APIError``, with status 404 if the project or folder to search does not exist; ``ClientError``.
    func files(in place: UploadDestination, named names: [String]) async throws -> [FileDetails] {
        let wanted = Set(names.map { ByteExactString($0) })
        var found: [FileDetails] = []
        try await eachPage {
            try await files(in: place, names: names, offset: $0)
        } _: { page in
            // Filter here too: a server that ignores the query parameter returns all items, on many pages.
            found += page.filter { wanted.contains(ByteExactString($0.name)) }
        }
        return found
    }

    /// Creates a folder in an existing project or folder.
    ///
    /// - Throws: ``APIError``, with status 409 if a file or folder has the same name, or 404 if `place` does not exist;
    ///   ``ClientError``.
    public func createFolder(_ name: String, in place: UploadDestination) async throws -> FileDetails {
        try await call(
            APIRequest(
                method: .POST,
                path: "/files",
                body: .object([
                    "name": .string(name), "type": .string("folder"), place.field.name: .string(place.field.value),
                ]),
                idempotency: .nonIdempotent,
                purpose: "create the folder '\(name)'"
            )
        )
    }

    /// Changes a file's name, tags and metadata.
    ///
    /// - Parameters:
    ///   - id: Id of the file.
    ///   - name: New name; `nil` keeps the name.
    ///   - tags: New tags, replacing all existing ones; `nil` keeps them.
    ///   - metadata: New values by key. Other keys keep their values; `nil` changes none.
    /// - Returns: The changed file.
    /// - Throws: ``APIError``, with status 404 if the file does not exist, or 409 if the new name is taken;
    ///   ``ClientError``.
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
