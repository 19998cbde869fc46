import PontoonMetadata
import PontoonPostgreSQL
import PontoonTesting
import Testing

/// The databases that the store supports.
enum TestDatabase: String, CustomTestStringConvertible {
    case sqlite
    #if PostgreSQL
    case postgreSQL
    #endif

    static let all: [TestDatabase] = {
        #if PostgreSQL
        TestTools.areEnginesAllowed ? [.sqlite, .postgreSQL] : [.sqlite]
        #else
        [.sqlite]
        #endif
    }()

    var testDescription: String { rawValue }
}

/// Runs a test with `count` drivers of one empty database, as several servers would use it.
func withDrivers(
    _ count: Int,
    to database: TestDatabase,
    _ body: @Sendable ([any SQLDriver]) async throws -> Void
) async throws {
    @Sendable func run(_ open: () async throws -> any SQLDriver) async throws {
        var drivers: [any SQLDriver] = []
        for _ in 0..<count { drivers.append(try await open()) }
        do {
            try await body(drivers)
        } catch {
            for driver in drivers { try await driver.close() }
            throw error
        }
        for driver in drivers { try await driver.close() }
    }
    switch database {
    case .sqlite:
        try await withDatabasePath { path in
            try await run { try await SQLiteDriver.open(SQLiteSettings.patient(path: path, durability: .os)) }
        }
    #if PostgreSQL
    case .postgreSQL:
        try await withPostgreSQLDatabase { url in
            let settings = try PostgreSQLSettings.patient(url: url)
            try await run { try await PostgreSQLDriver.open(settings) }
        }
    #endif
    }
}

/// Runs a test with a driver for an empty database.
func withDriver(_ database: TestDatabase, _ body: @Sendable (any SQLDriver) async throws -> Void) async throws {
    try await withDrivers(1, to: database) { try await body($0[0]) }
}

/// Runs a test with an empty store that alternates between two drivers of one database.
func withStore(
    in database: TestDatabase,
    _ body: @Sendable (SQLMetadataStore) async throws -> Void
) async throws {
    try await withDrivers(2, to: database) { drivers in
        try await body(try await SQLMetadataStore(driver: AlternatingDriver(drivers)))
    }
}

/// Runs a test with `count` stores on one empty database.
func withStores(
    _ count: Int,
    in database: TestDatabase,
    _ body: @Sendable ([SQLMetadataStore]) async throws -> Void
) async throws {
    try await withDrivers(count, to: database) { drivers in
        var stores: [SQLMetadataStore] = []
        for driver in drivers { stores.append(try await open(driver)) }
        try await body(stores)
    }
}

private func open(_ driver: some SQLDriver) async throws -> SQLMetadataStore {
    try await SQLMetadataStore(driver: driver)
}
