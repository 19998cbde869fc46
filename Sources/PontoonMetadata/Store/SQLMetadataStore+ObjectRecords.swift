package import PontoonCore

extension SQLMetadataStore {
    package func openUploadKeys() async throws -> Set<ObjectKey> {
        var keys: Set<ObjectKey> = []
        var last: ObjectKey?
        // Reads in batches, because the duration of a read is limited.
        while true {
            let after = last?.rawValue ?? ""
            let batch = try await read { connection in
                try connection.query(selectOpenKeys, [after, openKeyBatch]).map { try $0.objectKey("object_key") }
            }
            keys.formUnion(batch)
            guard batch.count == openKeyBatch else { return keys }
            last = batch.last
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

private let openKeyBatch = 10_000
private let selectOpenKeys: SQLStatement = """
    SELECT object_key FROM uploads WHERE object_key > $1 AND state IN ('active', 'completing')
    ORDER BY object_key LIMIT $2
    """
