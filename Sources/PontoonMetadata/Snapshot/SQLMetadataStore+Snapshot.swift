import Foundation

extension SQLMetadataStore {
    /// Copies all records, as of one moment, to a new SQLite file; changes nothing else.
    ///
    /// The copy contains no unfinished uploads, and nothing that concerns the running servers, such as leases.
    ///
    /// - Parameters:
    ///   - path: The file, which must not exist; created with mode 0600. It is not durable yet.
    ///   - objects: The location of the objects to record in the copy.
    ///   - keepsDiscarded: Whether to keep the records of discarded objects, whose bytes are not in the backup.
    /// - Returns: The opened copy; the caller closes it and then calls ``finishSnapshot(_:)``.
    /// - Throws: ``SQLError``; ``NoIdentity`` if no server of this version has been started with the database.
    package func copySnapshot(to path: String, objects: String, keepsDiscarded: Bool) async throws -> SQLMetadataStore {
        guard let identity = try await metadataValue(for: .identity) else { throw NoIdentity() }
        let settings = SQLiteSettings(path: path, durability: .os)
        try await SQLMetadataStore.open(settings).close()
        try await driver.copySnapshot(to: path)
        let copy = try await SQLMetadataStore.open(settings)
        do {
            try await copy.removeRunningState(keepsDiscarded: keepsDiscarded)
            try await copy.setMetadataValue(identity, for: .identity)
            try await copy.setMetadataValue(objects, for: .objects)
            return copy
        } catch {
            try await copy.close()
            throw error
        }
    }

    /// Checks the references in a closed copy, and makes it a file that can be opened in a directory that is not
    /// writable.
    ///
    /// - Throws: ``SQLError``, ``BrokenReferences``.
    package static func finishSnapshot(_ path: String) throws { try SnapshotFile(path).finish() }

    private func removeRunningState(keepsDiscarded: Bool) async throws {
        try await write { connection in
            for statement in removals { try connection.execute(statement) }
            if !keepsDiscarded { try connection.execute("DELETE FROM discarded_objects") }
        }
    }
}

/// The error for a database without an identity.
package struct NoIdentity: Error, CustomStringConvertible {
    package init() {}

    package var description: String {
        "the database has no identity yet; start the server of this version with it once"
    }
}

private let removals: [SQLStatement] = [
    "DELETE FROM parts",
    "DELETE FROM uploads WHERE state <> 'completed'",
    "UPDATE user_totals SET open_uploads = 0",
    "DELETE FROM leases",
    "DELETE FROM moved_objects",
    "DELETE FROM properties",
]
