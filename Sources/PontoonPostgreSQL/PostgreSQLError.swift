package import PontoonMetadata

/// The error that explains why a PostgreSQL database cannot be used.
///
/// The description contains neither a password nor the URL, but may name the host, user and database.
package struct PostgreSQLError: Error, CustomStringConvertible {
    /// The causes of the error, grouped by what the operator must do.
    package enum Reason: String, Sendable {
        /// The URL is not a valid PostgreSQL URL.
        case invalidURL
        /// The program was built without PostgreSQL support.
        case notBuilt
        /// No connection was established, for example because the host is unknown, refused the connection or timed out.
        case unreachable
        /// The server is starting, stopping or recovering.
        case notReady
        /// TLS failed, for example because the server does not support it although the URL requires it, or a
        /// certificate is not trusted.
        case tls
        /// The server accepts connections, but rejected this one or its settings, for example because of a wrong
        /// password, an unknown user or database, a client address that is not allowed, or too many connections.
        case refused
        /// The server is too old or a standby, the encoding of the database is not UTF-8, or a pooler assigns
        /// connections per transaction.
        case unsuitable
    }

    package let reason: Reason
    /// The error message; may include PostgreSQL's own message.
    package let description: String

    init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }

    static let notBuilt = PostgreSQLError(
        .notBuilt,
        "this program was built without PostgreSQL; rebuild it with the package trait 'PostgreSQL' (on by default)"
    )
}

extension SQLMetadataStore {
    /// Opens the metadata store in a PostgreSQL database.
    ///
    /// Several servers may share the database.
    ///
    /// - Parameter settings: The database and its options; the user in the URL must be allowed to create tables.
    /// - Returns: The store; ``SQLMetadataStore/close()`` closes its connections.
    /// - Throws: ``PostgreSQLError`` if the database is unreachable or unsuitable; ``UnknownMigrations`` if it was
    ///   migrated by a newer version of the program; ``SQLError`` for other failures, such as a missing permission.
    package static func open(_ settings: PostgreSQLSettings) async throws -> SQLMetadataStore {
        try await open(settings) { try await SQLMetadataStore(driver: $0) }
    }

    /// Opens the metadata store read-only, in a PostgreSQL database that servers may be using.
    ///
    /// - Parameter settings: The database and its options.
    /// - Returns: The store; ``SQLMetadataStore/close()`` closes its connections.
    /// - Throws: The errors of ``open(_:)``. ``MissingMigrations`` if the database lacks migrations of this version.
    package static func openReadOnly(_ settings: PostgreSQLSettings) async throws -> SQLMetadataStore {
        try await open(settings) { try await SQLMetadataStore(reading: $0) }
    }

    #if PostgreSQL
    private static func open(
        _ settings: PostgreSQLSettings,
        _ create: (PostgreSQLDriver) async throws -> SQLMetadataStore
    ) async throws -> SQLMetadataStore {
        let driver = try await PostgreSQLDriver.open(settings)
        do {
            return try await create(driver)
        } catch {
            try await driver.close()
            throw error
        }
    }
    #else
    private static func open(
        _ settings: PostgreSQLSettings,
        _ create: (any SQLDriver) async throws -> SQLMetadataStore
    ) async throws -> SQLMetadataStore {
        throw PostgreSQLError.notBuilt
    }
    #endif
}
