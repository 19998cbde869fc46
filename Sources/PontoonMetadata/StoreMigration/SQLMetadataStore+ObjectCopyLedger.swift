package import PontoonCore

extension SQLMetadataStore: ObjectCopyLedger {
    package func objectsToCopy(after key: ObjectKey?, limit: Int) async throws -> [FileContent] {
        try await read { connection in
            try connection.query(selectObjectsToCopy, [key?.rawValue ?? "", limit]).map { row in
                try row.fileContent(key: "key")
            }
        }
    }

    package func markCopied(_ key: ObjectKey) async throws {
        try await write { _ = try $0.execute(insertCopied, [key]) }
    }

    package func files(of key: ObjectKey) async throws -> [String] {
        try await read { connection in
            try connection.query(selectFilesOfObject, [key]).map { try $0.text("id") }
        }
    }

    package func orphanedCopies(limit: Int) async throws -> [ObjectKey] {
        try await read { try $0.query(selectOrphanedCopies, [limit]).map { try $0.objectKey("key") } }
    }

    package func unmarkCopied(_ key: ObjectKey) async throws {
        try await write { _ = try $0.execute("DELETE FROM moved_objects WHERE key = $1", [key]) }
    }

    /// Removes the marks of all copied objects, after the migration has finished.
    package func unmarkAllCopied() async throws {
        try await write { _ = try $0.execute("DELETE FROM moved_objects") }
    }

    /// Returns the number of uploads that are neither completed nor aborted.
    package func openUploadCount() async throws -> Int {
        try await read { try $0.query(countOpenUploads).first?.count("total") ?? 0 }
    }
}

private let selectObjectsToCopy = SQLStatement(
    constant: """
        SELECT key, \(contentColumns) FROM objects
        WHERE key > $1 AND NOT EXISTS (SELECT 1 FROM moved_objects WHERE moved_objects.key = objects.key)
        ORDER BY key LIMIT $2
        """
)
private let insertCopied: SQLStatement = "INSERT INTO moved_objects (key) VALUES ($1) ON CONFLICT (key) DO NOTHING"
private let selectOrphanedCopies: SQLStatement = """
    SELECT key FROM moved_objects
    WHERE NOT EXISTS (SELECT 1 FROM objects WHERE objects.key = moved_objects.key) ORDER BY key LIMIT $1
    """
private let selectFilesOfObject: SQLStatement = """
    SELECT id FROM files WHERE object_key = $1 UNION ALL SELECT id FROM package_files WHERE object_key = $1
    """
private let countOpenUploads: SQLStatement = """
    SELECT COUNT(*) AS total FROM uploads WHERE state IN ('active', 'completing')
    """
