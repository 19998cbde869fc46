/// Properties of the whole store that are recorded in the database.
package enum StoreMetadataKey: String, Sendable {
    /// The location of the objects.
    case objects
    /// The identity of the data that `pontoond migrate` copied, or is copying, to this database.
    case movedFrom = "moved-from"
    /// The location to which the data of this database was migrated.
    case movedTo = "moved-to"
    /// The location to which the objects are being copied.
    case movingTo = "moving-to"
    /// An id that distinguishes this data from the data of other databases.
    case identity
    /// The running time of the service, by which uploads expire.
    case observedTime = "observed-time"
}

extension SQLMetadataStore {
    /// Reads a property; returns `nil` if it is not set.
    package func metadataValue(for key: StoreMetadataKey) async throws -> String? {
        try await read { try $0.query(selectProperty, [key.rawValue]).first?.text("value") }
    }

    /// Sets a property unless it is already set.
    ///
    /// Of several concurrent callers, only one sets it.
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
private let insertProperty: SQLStatement = """
    INSERT INTO properties (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
    """
private let deleteProperty: SQLStatement = "DELETE FROM properties WHERE name = $1"
