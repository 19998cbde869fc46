import Foundation
import PontoonMetadata

/// Runs a test with a database file that does not exist yet, in a new folder.
func withDatabasePath<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.appending(path: "metadata.sqlite").path)
}

/// Runs a test with an empty database.
func withSQLiteDriver(
    _ durability: SQLiteSettings.Durability = .os,
    _ body: (SQLiteDriver) async throws -> Void
) async throws {
    try await withDatabasePath { path in
        let driver = try await SQLiteDriver.open(SQLiteSettings(path: path, durability: durability))
        try await body(driver)
        try await driver.close()
    }
}

/// Runs a test with an empty store.
func withSQLiteStore(_ body: (SQLMetadataStore) async throws -> Void) async throws {
    try await withSQLiteDriver { try await body(try await SQLMetadataStore(driver: $0)) }
}
