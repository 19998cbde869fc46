import Foundation
import PontoonMetadata

extension SQLiteSettings {
    /// Settings with long timeouts, so that only tests that shorten them depend on the speed of the machine.
    static func patient(path: String, durability: Durability) -> SQLiteSettings {
        SQLiteSettings(path: path, durability: durability, busyTimeout: .seconds(300), readTimeout: .seconds(300))
    }
}

/// Runs a test with a database file that does not exist yet, in a new folder.
func withDatabasePath<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.appending(path: "metadata.sqlite").path)
}

/// Runs a test with a driver for an empty database.
func withSQLiteDriver(
    _ durability: SQLiteSettings.Durability = .os,
    _ body: (SQLiteDriver) async throws -> Void
) async throws {
    try await withDatabasePath { path in
        let driver = try await SQLiteDriver.open(SQLiteSettings.patient(path: path, durability: durability))
        try await body(driver)
        try await driver.close()
    }
}

/// Runs a test with an empty store.
func withSQLiteStore(_ body: (SQLMetadataStore) async throws -> Void) async throws {
    try await withSQLiteDriver { try await body(try await SQLMetadataStore(driver: $0)) }
}
