import Foundation

extension SQLMetadataStore {
    /// Copies all records, as of one moment, to a new SQLite file, without changing this database.
    ///
    /// The copy contains no unfinished uploads or jobs, and no state of the running servers, such as the leases of
    /// maintenance tasks. It is not durable when this method returns.
    ///
    /// - Parameters:
    ///   - path: The file, which must not exist. It is created with mode 0600.
    ///   - objects: The location of the objects, which is recorded in the copy.
    ///   - keepsDiscarded: Whether to keep the records of discarded objects. Their bytes are not in the backup, but may
    ///     still be in a bucket that a restored server uses.
    /// - Returns: The opened copy. The caller must close it and then call ``finishSnapshot(_:)``.
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

    /// Checks the references in a closed copy and turns WAL mode off, so that the file can be opened in a read-only
    /// directory.
    ///
    /// - Throws: ``SQLError``; ``BrokenReferences`` if a row refers to a row that does not exist.
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
        "the database has no identity yet; start this version of the server once with this database"
    }
}

private let removals: [SQLStatement] = [
    "DELETE FROM parts",
    "DELETE FROM uploads WHERE state <> 'completed'",
    "UPDATE user_totals SET open_uploads = 0",
    "UPDATE project_usage SET open_uploads = 0, reserved_bytes = 0",
    "UPDATE user_usage SET open_uploads = 0, reserved_bytes = 0",
    // Otherwise, a restored server would continue these jobs. The rows of their items and folders are deleted with
    // them.
    "DELETE FROM file_jobs WHERE state <> 'finished'",
    "UPDATE file_jobs SET lease_holder = '', lease_expires_on = 0",
    "DELETE FROM leases",
    "DELETE FROM moved_objects",
    "DELETE FROM properties",
]
