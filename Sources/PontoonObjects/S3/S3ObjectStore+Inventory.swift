package import PontoonCore

extension S3ObjectStore {
    package func storedSize(_ key: ObjectKey) async throws -> Int64? { try await client.headObject(name(key))?.size }

    /// Passes all objects and multipart uploads whose names have Pontoon's format to `body`, one page at a time.
    ///
    /// Omits other names, because a bucket may contain objects of other programs. With MinIO, omits all multipart
    /// uploads, because MinIO does not list them by prefix.
    package func forEachEntry(_ body: ([StoredEntry]) async throws -> Void) async throws {
        try await client.forEachObject(prefix: namePrefix) { objects in
            let entries = objects.compactMap { object in
                key(object.key).map {
                    StoredEntry(.object($0), name: object.key, size: object.size, changedOn: object.modifiedOn)
                }
            }
            if !entries.isEmpty { try await body(entries) }
        }
        try await client.forEachOpenUpload(prefix: namePrefix) { uploads in
            let entries = uploads.compactMap { upload in
                key(upload.key).map {
                    StoredEntry(
                        .upload(ObjectReference(key: $0, handle: UploadHandle(rawValue: upload.id))),
                        name: upload.key,
                        size: nil,
                        changedOn: upload.initiatedOn
                    )
                }
            }
            if !entries.isEmpty { try await body(entries) }
        }
    }

    /// Returns the object key in the name of an object or multipart upload, which must start with ``namePrefix``; `nil`
    /// if the name does not have Pontoon's format.
    func key(_ name: String) -> ObjectKey? { ObjectKey(String(name.dropFirst(namePrefix.count))) }
}
