package import Foundation
package import PontoonCore
package import PontoonMetadata
package import PontoonObjects
import SystemPackage

/// The chosen stores, opened.
package struct OpenedStores: Sendable {
    package let metadata: SQLMetadataStore
    package let storage: ObjectStorage
    package let keys: KeyRing
    private let end: @Sendable () async throws -> Void

    /// Opens the stores; with it what one of them keeps here is this process's alone.
    ///
    /// - Throws: ``SettingError``, by the name of the setting, when one cannot be used.
    package static func open(
        _ settings: Settings,
        now: @escaping @Sendable () -> Date = { Date() }
    ) async throws -> OpenedStores {
        let lock = try settings.folder.map { folder in
            try DataFolder.make(folder)
            return try DataFolder.lock(folder)
        }
        let metadata = try await openMetadata(settings)
        let keys = KeyRing(
            store: metadata,
            rotationInterval: settings.keyLifetime,
            urlLifetime: settings.urlLifetime,
            now: now
        )
        do {
            switch settings.objects {
            case .disk:
                let disk = try DiskObjectStore(settings.disk)
                try await metadata.bind(to: try settings.objectsPlace())
                let hasher = PrefixHasher(metadata: metadata, objects: disk)
                let storage = ObjectStorage.streaming(disk, hasher, DataPlaneURLs(keys))
                return OpenedStores(metadata: metadata, storage: storage, keys: keys) {
                    try await disk.shutDown()
                    try await metadata.close()
                    try lock?.close()
                }
            case .s3(let s3, let credentials):
                try await metadata.bind(to: try settings.objectsPlace())
                let bucket = try await openBucket(s3, credentials)
                return OpenedStores(metadata: metadata, storage: .presigned(bucket), keys: keys) {
                    try await bucket.shutDown()
                    try await metadata.close()
                    try lock?.close()
                }
            }
        } catch {
            try await metadata.close()
            throw error
        }
    }

    /// Opens the metadata store alone.
    ///
    /// - Throws: ``SettingError`` when it cannot be used.
    package static func openMetadata(_ settings: Settings) async throws -> SQLMetadataStore {
        guard case .postgreSQL(let postgreSQL) = settings.metadata else {
            return try await SQLMetadataStore.open(settings.sqlite)
        }
        do {
            return try await SQLMetadataStore.open(postgreSQL)
        } catch let error where error is PostgreSQLError || error is UnknownMigrations || error is SQLError {
            throw SettingError(.metadata, "\(postgreSQL.place): \(oneLine(error))")
        }
    }

    /// Opens a bucket and tries it out.
    ///
    /// - Throws: ``SettingError`` when it cannot be used.
    package static func openBucket(_ settings: S3Settings, _ credentials: S3Credentials) async throws -> S3ObjectStore {
        let bucket: S3ObjectStore
        do {
            bucket = try S3ObjectStore(settings, credentials: credentials)
        } catch let error as S3SettingsError {
            throw SettingError(.objects, "the URL \(error)")
        }
        do {
            try await bucket.check()
        } catch {
            try await bucket.shutDown()
            throw error is S3CheckFailure ? SettingError(.objects, oneLine(error)) : error
        }
        return bucket
    }

    /// Lets go of the stores, and of the data folder.
    package func close() async throws { try await end() }

    /// The database's own words may have several lines.
    private static func oneLine(_ error: any Error) -> String {
        "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension SQLMetadataStore {
    /// What is noted in the database about the whole store, by name.
    package enum StoreMetadataKey {
        /// Where the bytes are.
        static let objects = "objects"
        /// Which data is, or is being, filled in by `pontoond migrate`.
        static let movedFrom = "moved-from"
        /// Where the data of this database was moved to.
        static let movedTo = "moved-to"
        /// Where its objects are being copied to.
        static let movingTo = "moving-to"
        /// Tells this data from other data.
        static let identity = "identity"
    }

    /// Holds that the database belongs to one object store, and is whole and in use.
    ///
    /// - Throws: ``SettingError`` when its bytes are elsewhere.
    package func bind(to place: String) async throws {
        if let target = try await property(StoreMetadataKey.movedTo) {
            throw SettingError(.metadata, "the data of this folder was moved to \(target)")
        }
        if try await property(StoreMetadataKey.movedFrom)?.hasSuffix(StoreMigrationState.filling) == true {
            throw SettingError(.metadata, "'pontoond migrate' has not finished to fill this database; run it again")
        }
        let bound = try await establish(StoreMetadataKey.objects, place)
        guard bound == place else {
            throw SettingError(.objects, "the bytes of this database's files are in \(bound), not in \(place)")
        }
    }
}

extension Settings {
    /// A name for where the bytes are, to be noted in the database.
    package func objectsPlace() throws -> String {
        switch (objects, metadata) {
        case (.s3(let s3, _), _): "s3://\(s3.bucket)/\(s3.prefix)"
        case (.disk, .sqlite): "disk"
        // The database does not lie beside the bytes: it could be opened with the wrong folder.
        case (.disk, .postgreSQL): "the folder with the id \(try DataFolder.identity(data))"
        }
    }
}
