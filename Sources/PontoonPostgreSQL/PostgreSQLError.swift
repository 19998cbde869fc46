package import PontoonMetadata

/// The reason that a PostgreSQL database cannot be used.
///
/// Contains no password and no URL; may name host, user and database.
package struct PostgreSQLError: Error, CustomStringConvertible {
    /// Causes that need different actions by the operator.
    package enum Reason: String, Sendable {
        /// Not a PostgreSQL URL.
        case invalidURL
        /// The program was built without PostgreSQL support.
        case notBuilt
        /// No server responded in time.
        case unreachable
        /// The server is starting, stopping or recovering.
        case notReady
        /// The encryption that the URL requires is not available, or a certificate is not trusted.
        case tls
        /// Wrong password, unknown user or database, host not allowed, or too many connections.
        case refused
        /// The server is too old, a standby, or its encoding is not UTF-8.
        case unsuitable
    }

    package let reason: Reason
    /// Explains the error; may include PostgreSQL's own message.
    package let description: String

    init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }

    static let notBuilt = PostgreSQLError(
        .notBuilt,
        "this program was built without PostgreSQL; build it with the package trait 'PostgreSQL', which is on by default"
    )
}

extension SQLMetadataStore {
    /// Opens the metadata store in a PostgreSQL database.
    ///
    /// Several servers may share it.
    ///
    /// - Parameter settings: The user must be allowed to create tables in the database.
    /// - Returns: The store; ``SQLMetadataStore/close()`` closes its connections.
    /// - Throws: ``PostgreSQLError`` if the database is unreachable or unsuitable, ``UnknownMigrations`` if it was changed by
    ///   a newer version of the program, ``SQLError`` for other failures, such as missing permission to create tables.
    package static func open(_ settings: PostgreSQLSettings) async throws -> SQLMetadataStore {
        #if PostgreSQL
        let driver = try await PostgreSQLDriver.open(settings)
        do {
            return try await SQLMetadataStore(driver: driver)
        } catch {
            try await driver.close()
            throw error
        }
        #else
        throw PostgreSQLError.notBuilt
        #endif
    }
}
