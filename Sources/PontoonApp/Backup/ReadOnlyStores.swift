import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonPostgreSQL
import SystemPackage

/// The stores of a service, opened for reading while servers may be using them.
///
/// Nothing is locked, created or migrated.
enum ReadOnlyStores {
    /// Opens the metadata store, runs `body`, and closes the store.
    ///
    /// - Throws: ``SettingError`` if the store cannot be used, its tables are missing or outdated, or it does not
    ///   belong to the configured objects; the errors of `body`.
    static func withMetadata<Value>(
        _ settings: Settings,
        _ body: (SQLMetadataStore) async throws -> Value
    ) async throws -> Value {
        try await withClosing(try await openCurrent(settings), close: { try await $0.close() }) { metadata in
            try await settings.requireBound(metadata)
            return try await body(metadata)
        }
    }

    /// Opens the object store, runs `body`, and closes the store.
    ///
    /// Does not check whether the store is available.
    ///
    /// - Throws: ``SettingError`` if the bucket's URL is invalid; the errors of `body`.
    static func withInventory<Value>(
        _ settings: Settings,
        _ body: (any ObjectInventory) async throws -> Value
    ) async throws -> Value {
        switch settings.objects {
        case .disk:
            return try await withClosing(DiskInventory(settings.disk), close: { try await $0.shutDown() }) {
                try await body($0)
            }
        case .s3(let s3, let credentials):
            let bucket: S3ObjectStore
            do {
                bucket = try S3ObjectStore(s3, credentials: credentials)
            } catch let error as S3SettingsError {
                throw SettingError(.objects, "the URL \(error)")
            }
            return try await withClosing(bucket, close: { try await $0.shutDown() }) { try await body($0) }
        }
    }

    private static func openCurrent(_ settings: Settings) async throws -> SQLMetadataStore {
        do {
            return try await open(settings)
        } catch let error as MissingMigrations {
            switch settings.metadata {
            case .sqlite:
                throw SettingError(
                    .data,
                    "cannot use the database '\(settings.sqlite.path)': \(OpenedStores.oneLine(error))"
                )
            case .postgreSQL(let postgreSQL):
                throw SettingError(.metadata, "cannot use \(postgreSQL.place): \(OpenedStores.oneLine(error))")
            }
        }
    }

    /// Maximum duration of a query.
    ///
    /// Longer than the limit in servers, because commands count the files of whole projects.
    private static let readTimeout = Duration.seconds(600)

    /// Opens the metadata store.
    ///
    /// - Throws: ``SettingError`` if the store cannot be used; ``MissingMigrations`` if its tables are missing or were
    ///   created by an older version.
    static func open(_ settings: Settings) async throws -> SQLMetadataStore {
        switch settings.metadata {
        case .sqlite:
            guard try settings.hasDatabase() else { throw settings.missingDatabase }
            do {
                let sqlite = SQLiteSettings(path: settings.sqlite.path, readTimeout: readTimeout)
                return try await SQLMetadataStore.openReadOnly(sqlite)
            } catch let error where !(error is MissingMigrations) {
                throw SettingError(
                    .data,
                    "cannot use the database '\(settings.sqlite.path)': \(OpenedStores.oneLine(error))"
                )
            }
        case .postgreSQL(var postgreSQL):
            postgreSQL.readTimeout = readTimeout
            do {
                return try await SQLMetadataStore.openReadOnly(postgreSQL)
            } catch let error where !(error is MissingMigrations) {
                throw SettingError(.metadata, "cannot use \(postgreSQL.place): \(OpenedStores.oneLine(error))")
            }
        }
    }
}

extension Settings {
    /// Checks that a database is in use by a service, and that the configured objects belong to it and exist.
    ///
    /// - Throws: ``SettingError`` if no server has used the database yet, the database was migrated or is only
    ///   partially filled, or the objects belong to another database or are missing.
    func requireBound(_ metadata: SQLMetadataStore) async throws {
        try await metadata.refuseUnfinishedMigration()
        guard let bound = try await metadata.metadataValue(for: .objects) else {
            throw SettingError(.metadata, "no server has used this database yet; start a server with it once")
        }
        if let folder, try !DataDirectory.exists(folder) {
            throw SettingError(.data, "the directory '\(folder)' does not exist; pass the server's --data")
        }
        // Checks this first, because `objectsLocation()` would create a missing id.
        if case .disk = objects, case .postgreSQL = self.metadata, try !DataDirectory.hasIdentity(data) {
            throw SettingError(
                .data,
                "the directory '\(data)' does not belong to this database; pass the server's --data"
            )
        }
        let location = try objectsLocation()
        guard bound == location else {
            throw SettingError(
                .objects,
                "this database belongs to the objects in \(bound), not in \(location); pass the --objects or --data of this database"
            )
        }
        guard case .disk = objects else { return }
        let lacksObjects = try await lacksObjects(of: metadata)
        if try lacksObjects || !DataDirectory.exists(disk.folder) {
            throw SettingError(
                .data,
                "the objects in '\(disk.folder)' are missing; mount their disk, or restore a backup"
            )
        }
    }
}
