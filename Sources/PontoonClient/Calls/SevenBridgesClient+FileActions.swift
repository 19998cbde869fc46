import NIOHTTP1
import PontoonCore

extension SevenBridgesClient {
    /// Deletes a file, or a folder that is empty.
    public func deleteFile(_ id: String) async throws {
        _ = try await perform(
            APIRequest(method: .DELETE, path: "/files/\(id.urlEncoded)", purpose: "delete the file \(id)")
        )
    }

    /// Copies a file.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - place: The project or folder that gets the copy.
    ///   - name: The copy's name; `nil` for the file's own.
    /// - Returns: The copy.
    /// - Throws: ``APIError``, ``ClientError``.
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

    /// Moves a file or folder within its project.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - folder: Id of the folder that gets it; a project's root has one too.
    ///   - name: Its new name; `nil` leaves it.
    /// - Returns: The file as it is then.
    /// - Throws: ``APIError``, ``ClientError``.
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

    /// Changes single keys of a file's metadata.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - changes: New values by key; `nil` removes a key.
    /// - Throws: ``APIError``, ``ClientError``.
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
