extension SQLMetadataStore {
    /// A fact about the whole store.
    /// - Returns: `nil` when it was never set.
    package func property(_ name: String) async throws -> String? {
        try await read { try $0.query(selectProperty, [name]).first?.text("value") }
    }

    /// Sets a fact about the whole store unless it is set already; of several callers at once one sets it.
    /// - Returns: What is set then.
    package func establish(_ name: String, _ value: String) async throws -> String {
        try await write { connection in
            try connection.execute(insertProperty, [name, value])
            return try connection.query(selectProperty, [name]).first?.text("value") ?? value
        }
    }

    /// Sets a fact about the whole store, whatever it was; `nil` forgets it.
    package func set(_ name: String, _ value: String?) async throws {
        try await write { connection in
            try connection.execute(deleteProperty, [name])
            if let value { try connection.execute(insertProperty, [name, value]) }
        }
    }
}

private let selectProperty: SQLStatement = "SELECT value FROM properties WHERE name = $1"
private let insertProperty: SQLStatement = """
    INSERT INTO properties (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
    """
private let deleteProperty: SQLStatement = "DELETE FROM properties WHERE name = $1"
