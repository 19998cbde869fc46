package import Foundation
package import PontoonCore
package import PontoonMetadata
import PontoonObjects
import PontoonPostgreSQL
import SystemPackage

/// The opened metadata store and object store of a server or command, with the signing keys.
package struct OpenedStores: Sendable {
    package let metadata: SQLMetadataStore
    package let storage: ObjectStorage
    package let keys: KeyRing
    /// The source from which the scrub reads objects.
    package let scrubSource: any ScrubSource

    /// Opens the stores, runs `body`, and closes the stores even if an error is thrown.
    ///
    /// If a store keeps files in the data directory, the directory is locked until `body` returns or throws.
    ///
    /// - Parameters:
    ///   - settings: The settings that select the stores.
    ///   - now: Returns the current time; tests replace it.
    ///   - body: Uses the stores.
    /// - Returns: The result of `body`.
    /// - Throws: ``SettingError`` if a store cannot be used; `.badRequest` if another process has locked the `objects`
    ///   directory; the errors of `body`.
    package static func withStores<Value>(
        _ settings: Settings,
        now: @escaping @Sendable () -> Date = { Date() },
        _ body: (OpenedStores) async throws -> Value
    ) async throws -> Value {
        try await withDataDirectory(settings) {
            try settings.refuseMissingDatabase()
            let hadObjects = try DataDirectory.exists(settings.disk.folder)
            return try await withClosing(try await openMetadata(settings), close: { try await $0.close() }) {
                metadata in
                let keys = KeyRing(
                    store: metadata,
                    rotationInterval: settings.keyLifetime,
                    urlLifetime: settings.urlLifetime,
                    now: now
                )
                switch settings.objects {
                case .disk:
                    // Administration commands may add users to a database with which no server has started yet. The
                    // `objects` directory then does not exist.
                    let isFirstStart = try await metadata.metadataValue(for: .objects) == nil
                    try await metadata.bind(to: try settings.objectsLocation())
                    try await settings.refuseUnrelatedObjects(metadata, hadObjects: hadObjects || isFirstStart)
                    let disk = try openDisk(settings.disk)
                    return try await withClosing(disk, close: { try await $0.shutDown() }) { disk in
                        let hasher = PrefixHasher(metadata: metadata, objects: disk)
                        let storage = ObjectStorage.streaming(disk, hasher, DataPlaneURLs(keys))
                        let scrubSource = DiskScrubSource(settings.disk, threads: 2)
                        return try await withClosing(scrubSource, close: { try await $0.shutDown() }) { scrubSource in
                            try await body(
                                OpenedStores(metadata: metadata, storage: storage, keys: keys, scrubSource: scrubSource)
                            )
                        }
                    }
                case .s3(let s3, let credentials):
                    try await metadata.bind(to: try settings.objectsLocation())
                    let bucket = try await openBucket(s3, credentials)
                    return try await withClosing(bucket, close: { try await $0.shutDown() }) { bucket in
                        try await body(
                            OpenedStores(
                                metadata: metadata,
                                storage: .presigned(bucket),
                                keys: keys,
                                scrubSource: bucket
                            )
                        )
                    }
                }
            }
        }
    }

    private static func withDataDirectory<Value>(
        _ settings: Settings,
        _ body: () async throws -> Value
    ) async throws -> Value {
        guard let directory = settings.folder else { return try await body() }
        try DataDirectory.create(directory)
        return try await withClosing(try DataDirectory.lock(directory), close: { try $0.close() }) { _ in
            try await body()
        }
    }

    /// Opens the metadata store alone, runs `body`, and closes the store.
    ///
    /// Does not lock the data directory, so servers may be using the store.
    ///
    /// - Throws: ``SettingError`` if the store cannot be used, or the data directory contains no SQLite database
    ///   although the settings select one; the errors of `body`.
    package static func withMetadata<Value>(
        _ settings: Settings,
        _ body: (SQLMetadataStore) async throws -> Value
    ) async throws -> Value {
        if case .sqlite = settings.metadata, try !settings.hasDatabase() { throw settings.missingDatabase }
        return try await withClosing(try await openMetadata(settings), close: { try await $0.close() }, body)
    }

    /// Opens the metadata store, and creates or migrates its tables if necessary.
    ///
    /// - Throws: ``SettingError`` if the database cannot be used.
    static func openMetadata(_ settings: Settings) async throws -> SQLMetadataStore {
        var metadata: SQLMetadataStore
        switch settings.metadata {
        case .sqlite:
            do {
                metadata = try await SQLMetadataStore.open(settings.sqlite)
            } catch {
                throw SettingError(.data, "cannot use the database '\(settings.sqlite.path)': \(oneLine(error))")
            }
        case .postgreSQL(let postgreSQL):
            do {
                metadata = try await SQLMetadataStore.open(postgreSQL)
            } catch let error where error is PostgreSQLError || error is UnknownMigrations || error is SQLError {
                throw SettingError(.metadata, "cannot use \(postgreSQL.place): \(oneLine(error))")
            }
        }
        metadata.defaultQuotas = settings.defaultQuotas
        metadata.recordsEvents = settings.eventRetention > .zero
        return metadata
    }

    /// Opens a bucket and checks that it can be used.
    ///
    /// - Throws: ``SettingError`` if the bucket cannot be used.
    static func openBucket(_ settings: S3Settings, _ credentials: S3Credentials) async throws -> S3ObjectStore {
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

    /// Opens the object store on disk.
    ///
    /// - Throws: ``SettingError`` if the directory cannot be used; `.badRequest` if another process has locked it.
    private static func openDisk(_ settings: DiskSettings) throws -> DiskObjectStore {
        do {
            return try DiskObjectStore(settings)
        } catch let error as Errno {
            throw SettingError(
                .data,
                "cannot use the directory '\(settings.folder)': \(error); check its permissions and the state of its disk"
            )
        }
    }

    /// Returns an error's description as one line.
    ///
    /// Descriptions of database errors can have several lines.
    static func oneLine(_ error: any Error) -> String {
        let text = (error as? POSIXError).map { "\(Errno(rawValue: $0.code.rawValue))" } ?? "\(error)"
        return oneLine(text)
    }

    /// Replaces each sequence of line breaks in a text with a space.
    static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension SQLMetadataStore {
    /// Checks that the database is completely filled and was not migrated to another database.
    ///
    /// - Throws: ``SettingError`` if the database was migrated, or `pontoond migrate` or `pontoond restore` did not
    ///   finish filling it.
    func refuseUnfinishedMigration() async throws {
        if let target = try await metadataValue(for: .movedTo) {
            throw SettingError(.metadata, "this data directory was migrated; use the database \(target)")
        }
        let state = try await metadataValue(for: .movedFrom).flatMap { StoreMigrationState(stored: $0) }
        if case .filling = state {
            throw SettingError(
                .metadata,
                "this database is only partially filled; run 'pontoond migrate' or 'pontoond restore' again"
            )
        }
    }

    /// Binds the database to an object store, or checks that it is already bound to this object store.
    ///
    /// This prevents the use of another object store by mistake. The function also assigns the database an identity if
    /// it has none. Backups of the database are recognized by this identity.
    ///
    /// - Throws: ``SettingError`` if the database is bound to another object store, was migrated to another database,
    ///   or is the target of an unfinished migration.
    func bind(to location: String) async throws {
        try await refuseUnfinishedMigration()
        if try await metadataValue(for: .identity) == nil {
            _ = try await setIfAbsent(Identifiers.uuid(), for: .identity)
        }
        let bound = try await setIfAbsent(location, for: .objects)
        guard bound == location else {
            throw SettingError(
                .objects,
                "this database belongs to the objects in \(bound), not in \(location); pass the --objects or --data of this database"
            )
        }
    }
}

extension Settings {
    /// Checks, for SQLite and the disk store, that the data directory contains a database if it contains objects or
    /// unfinished uploads.
    ///
    /// Without this check, the server would create a new database, and then remove unfinished uploads that have no
    /// record in it.
    ///
    /// - Throws: ``SettingError`` if there are objects or unfinished uploads, but the database file is missing or
    ///   empty.
    func refuseMissingDatabase() throws {
        guard case .sqlite = metadata, case .disk = objects else { return }
        let attributes = try? FileManager.default.attributesOfItem(atPath: sqlite.path)
        guard (attributes?[.size] as? NSNumber)?.int64Value ?? 0 == 0 else { return }
        guard try DiskObjectStore.containsObjects(disk) else { return }
        throw SettingError(
            .data,
            """
            the directory '\(data)' contains files but no database; restore 'pontoon.sqlite', or choose another directory
            """
        )
    }

    /// Checks that a database and the objects on disk belong together.
    ///
    /// - Parameters:
    ///   - metadata: The opened database.
    ///   - hadObjects: Whether the `objects` directory existed before the stores were opened. Also `true` if no server
    ///     has started with this database before.
    /// - Throws: ``SettingError`` if the database contains no users but the directory contains objects or unfinished
    ///   uploads. Also if the database contains users but the directory did not exist, or contains records of objects
    ///   but the directory has never contained any, for example because its disk is not mounted.
    fileprivate func refuseUnrelatedObjects(_ metadata: SQLMetadataStore, hadObjects: Bool) async throws {
        let isNew = try await metadata.isEmpty()
        let lacksObjects = try await lacksObjects(of: metadata)
        if lacksObjects || !isNew && !hadObjects {
            throw SettingError(
                .data,
                "the objects in '\(disk.folder)' are missing; mount their disk, or restore a backup"
            )
        }
        if isNew, try DiskObjectStore.containsObjects(disk) {
            throw SettingError(
                .data,
                "the directory '\(disk.folder)' contains files, but the database is new; restore the files' database"
            )
        }
    }

    /// Returns whether the database has records of objects, but the `objects` directory has never contained any.
    ///
    /// This is the case if the directory is missing, or if its disk is not mounted.
    ///
    /// - Returns: `false` also if the directory cannot be read.
    func lacksObjects(of metadata: SQLMetadataStore) async throws -> Bool {
        // Reads the records first, because a running server stores each object before its record.
        guard try await !metadata.recordedObjects(after: nil, limit: 1).isEmpty else { return false }
        return (try? DiskObjectStore.isUnused(disk)) == true
    }

    /// Returns the location of the objects, in the form recorded in the database.
    ///
    /// With PostgreSQL and the disk store, this function creates the identifier of the data directory if it has none.
    ///
    /// - Throws: ``SettingError`` if the identifier cannot be read; `Errno` if it cannot be written.
    func objectsLocation() throws -> String {
        switch (objects, metadata) {
        case (.s3(let s3, _), _): "s3://\(s3.bucket)/\(s3.prefix)"
        case (.disk, .sqlite): "disk"
        // The database is not in the data directory, so the id is needed to detect the directory of another database.
        case (.disk, .postgreSQL): "the folder with the id \(try DataDirectory.identity(data))"
        }
    }
}

extension Settings {
    /// Returns the space in bytes that uploads may still use on the disk that contains the objects, 0 or more.
    ///
    /// - Returns: `nil` if the objects are in a bucket, no server has started yet, or the file system does not report
    ///   its free space.
    /// - Throws: `Errno` if the directory cannot be read.
    package func availableSpace() throws -> Int64? {
        guard case .disk = objects else { return nil }
        do {
            return try DiskObjectStore.availableSpace(disk)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
    }
}
