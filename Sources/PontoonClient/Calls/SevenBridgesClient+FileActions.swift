import NIOHTTP1
import PontoonCore

extension SevenBridgesClient {
    /// Deletes a file or an empty folder.
    ///
    /// - Throws: ``APIError``, with status 404 if the file or folder does not exist, or 400 if the folder is not empty;
    ///   ``ClientError``.
    public func deleteFile(_ id: String) async throws {
        try await delete(
            APIRequest(method: .DELETE, path: "/files/\(id.urlEncoded)", purpose: "delete the file \(id)")
        )
    }

    /// Copies a file on the server, without transferring its bytes.
    ///
    /// - Parameters:
    ///   - id: Id of the file.
    ///   - place: The project or folder that receives the copy.
    ///   - name: Name of the copy; `nil` keeps the file's name.
    /// - Returns: The copy.
    /// - Throws: ``APIError``, with status 404 if the file does not exist, 400 for a folder, or 409 if the name is
    ///   taken; ``ClientError``.
    public func copyFile(_ id: String, to place: UploadDestination, name: String? = nil) async throws -> FileDetails {
        var body: [String: JSONValue] = [place.field.name: .string(place.field.value)]
        body["name"] = name.map { .string($0) }
        return try await call(
            APIRequest(
                method: .POST,
                path: "/files/\(id.urlEncoded)/actions/copy",
                body: .object(body),
                idempotency: .nonIdempotent,
                purpose: "copy the file \(id)"
            )
        )
    }

    /// Moves a file or folder within its project, and renames it if a name is given.
    ///
    /// - Parameters:
    ///   - id: Id of the file or folder.
    ///   - folder: Id of the destination folder, or the ``ProjectDetails/rootFolder`` of the project.
    ///   - name: New name; `nil` keeps the name.
    /// - Returns: The moved file or folder.
    /// - Throws: ``APIError``, with status 404 if the file or folder does not exist, or 409 if the name is taken;
    ///   ``ClientError``.
    public func moveFile(_ id: String, to folder: String, name: String? = nil) async throws -> FileDetails {
        var body: [String: JSONValue] = ["parent": .string(folder)]
        body["name"] = name.map { .string($0) }
        return try await call(
            APIRequest(
                method: .POST,
                path: "/files/\(id.urlEncoded)/actions/move",
                body: .object(body),
                idempotency: .nonIdempotent,
                purpose: "move the file \(id)"
            )
        )
    }

    /// Sets and removes keys of a file's metadata.
    ///
    /// - Parameters:
    ///   - id: Id of the file.
    ///   - changes: New values by key; `nil` removes a key. Other keys keep their values.
    /// - Throws: ``APIError``, with status 404 if the file does not exist; ``ClientError``.
    public func changeMetadata(_ id: String, _ changes: [String: String?]) async throws {
        _ = try await perform(
            APIRequest(
                method: .PATCH,
                path: "/files/\(id.urlEncoded)/metadata",
                body: .object(changes.mapValues { $0.map { .string($0) } ?? .null }),
                purpose: "change the metadata of the file \(id)"
            )
        )
    }
}
