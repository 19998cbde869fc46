/// A property of the whole store.
///
/// The raw value is its name in the table `properties`.
package enum StoreMetadataKey: String, Sendable {
    /// The object store to which the database is bound: `disk`, a data directory with an id, or the URL of a bucket.
    case objects
    /// The identity of the data that `pontoond migrate` or `pontoond restore` copied to this database, and whether the
    /// copy is complete.
    case movedFrom = "moved-from"
    /// The database to which the data of this database was migrated.
    case movedTo = "moved-to"
    /// The object store to which an unfinished migration copies the objects, in the format of ``objects``.
    case movingTo = "moving-to"
    /// A random id of this service's data, which identifies its backups and migrations.
    case identity
    /// The random id of the event log, which is part of every cursor and every event id.
    case eventLog = "event-log"
    /// The highest position of an event that was deleted because of its age.
    case prunedEvents = "pruned-events"
    /// The position in the event log up to which the hook command has run.
    case hookCursor = "hook-cursor"
    /// The time for which the service has been running, by which uploads expire; see ``ObservedTime``.
    case observedTime = "observed-time"
}

extension SQLMetadataStore {
    /// Returns the value of a property; `nil` if the property is not set.
    package func metadataValue(for key: StoreMetadataKey) async throws -> String? {
        try await read { try $0.query(selectProperty, [key.rawValue]).first?.text("value") }
    }

    /// Sets a property unless it is already set.
    ///
    /// If several calls run concurrently, only one of them sets the property, and all return its value.
    ///
    /// - Returns: The value of the property after the call.
    package func setIfAbsent(_ value: String, for key: StoreMetadataKey) async throws -> String {
        try await write { connection in
            try connection.execute(insertProperty, [key.rawValue, value])
            return try connection.query(selectProperty, [key.rawValue]).first?.text("value") ?? value
        }
    }

    /// Sets a property, replacing its value; `nil` removes it.
    package func setMetadataValue(_ value: String?, for key: StoreMetadataKey) async throws {
        try await write { connection in
            try connection.execute(deleteProperty, [key.rawValue])
            if let value { try connection.execute(insertProperty, [key.rawValue, value]) }
        }
    }
}

private let selectProperty: SQLStatement = "SELECT value FROM properties WHERE name = $1"
let insertProperty: SQLStatement = """
    INSERT INTO properties (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
    """
let deleteProperty: SQLStatement = "DELETE FROM properties WHERE name = $1"
