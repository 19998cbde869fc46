package import PontoonCore

extension SQLMetadataStore: RecordInventory {
    package func recordedObjects(after key: ObjectKey?, limit: Int) async throws -> [FileContent] {
        try await read { connection in
            try connection.query(selectObjects, [key?.rawValue ?? "", limit]).map { row in
                FileContent(
                    key: try row.objectKey("key"),
                    size: try row.integer("size"),
                    crc64: try row.checksum("crc64"),
                    md5: try row.optionalText("md5"),
                    verification: ContentVerification(damage: try row.damage())
                )
            }
        }
    }

    package func knownKeys(among keys: [ObjectKey]) async throws -> Set<ObjectKey> {
        try await read { connection in
            var known: Set<ObjectKey> = []
            for chunk in keys.chunks(of: 500) {
                for select in selectKnownKeys {
                    var select = SQLBuilder(select)
                    select.append(list: chunk)
                    for row in try connection.query(select) { known.insert(try row.objectKey("key")) }
                }
            }
            return known
        }
    }

    package func fileReferences(to key: ObjectKey, limit: Int) async throws -> [FileReference] {
        try await read { connection in
            try connection.query(selectReferences, [key, limit]).map { row in
                FileReference(id: try row.text("id"), owner: try row.text("owner"), name: try row.text("name"))
            }
        }
    }
}

private let selectObjects: SQLStatement = """
    SELECT key, size, crc64, md5, damage FROM objects WHERE key > $1 ORDER BY key LIMIT $2
    """
/// The starts of the queries for recorded keys, to which a list of keys is appended.
///
/// Completed uploads need no query, because their keys are also in `objects` or `discarded_objects`.
private let selectKnownKeys = [
    "SELECT key FROM objects WHERE key IN ",
    "SELECT object_key AS key FROM uploads WHERE state <> 'completed' AND object_key IN ",
    "SELECT key FROM discarded_objects WHERE key IN ",
]
private let selectReferences: SQLStatement = """
    SELECT id, owner, name FROM (
        SELECT id, project_id AS owner, name FROM files WHERE object_key = $1
        UNION ALL
        SELECT id, automation_id AS owner, name FROM package_files WHERE object_key = $1
    ) AS found
    ORDER BY id LIMIT $2
    """
