package import PontoonCore

extension SQLMetadataStore {
    package func openUploadKeys() async throws -> Set<ObjectKey> {
        try await read { connection in
            Set(try connection.query(selectOpenKeys).map { try $0.objectKey("object_key") })
        }
    }

    package func recordedObjects(among keys: [ObjectKey]) async throws -> Set<ObjectKey> {
        try await read { connection in
            var recorded: Set<ObjectKey> = []
            for chunk in keys.chunks(of: 500) {
                var select = SQLBuilder("SELECT key FROM objects WHERE key IN ")
                select.append(list: chunk)
                for row in try connection.query(select) { recorded.insert(try row.objectKey("key")) }
            }
            return recorded
        }
    }
}

private let selectOpenKeys: SQLStatement = "SELECT object_key FROM uploads WHERE state IN ('active', 'completing')"
