/// Why a PostgreSQL database cannot be used.
///
/// Holds no password and no URL; may name host, user and database.
package struct PostgreSQLError: Error, CustomStringConvertible {
    /// What an operator would do something different about.
    package enum Reason: String, Sendable {
        /// Not a URL of PostgreSQL.
        case invalidURL
        /// The program was built without PostgreSQL.
        case notBuilt
        /// Nobody answers there, or not in time.
        case unreachable
        /// It is there, but starting, stopping or recovering.
        case notReady
        /// The encryption that the URL asks for cannot be had, or a certificate is not the right one.
        case tls
        /// It refused: wrong password, unknown user or database, no access from here, too many connections.
        case refused
        /// It cannot keep what Pontoon writes: another encoding than UTF-8, too old, or a standby.
        case unsuitable
    }

    /// What kind of problem it is.
    package let reason: Reason
    /// The same in words, those of PostgreSQL among them.
    package let description: String

    init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }

    static let notBuilt = PostgreSQLError(
        .notBuilt,
        "this program was built without PostgreSQL; build it with the package trait PostgreSQL, which is on by default"
    )
}

extension SQLMetadataStore {
    /// Opens the metadata store in a PostgreSQL database, several servers of which may share one.
    ///
    /// - Parameter settings: Where it is; the user must be allowed to make tables in it.
    /// - Returns: The store; ``close()`` lets go of the database.
    /// - Throws: ``PostgreSQLError`` when it cannot be reached or used as it is, ``UnknownMigrations`` when a newer version
    ///   of the program has changed it, ``SQLError`` for what else PostgreSQL refuses, such as making tables.
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
