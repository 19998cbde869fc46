import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
import SystemPackage

/// How far a database is filled, behind the identity of what it is filled from.
package enum StoreMigrationState {
    package static let filling = " filling"
    package static let done = " done"
}

/// Moves the data of a folder to PostgreSQL, to S3, or to both.
package struct StoreMigration {
    /// Settings of the servers to be; their data folder is the one that is moved from.
    package let settings: Settings
    package let dropsOpenUploads: Bool
    /// Told how far it is.
    package let say: @Sendable (String) -> Void

    package init(settings: Settings, dropsOpenUploads: Bool, say: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.dropsOpenUploads = dropsOpenUploads
        self.say = say
    }

    /// Moves, or goes on with a move that was cut.
    ///
    /// - Throws: ``SettingError`` when it cannot be done; nothing that exists is lost then.
    package func run() async throws {
        guard FileManager.default.fileExists(atPath: settings.sqlite.path) else {
            throw SettingError("'\(settings.data)' holds no data to move")
        }
        let lock = try DataFolder.lock(settings.data)
        let source = try await SQLMetadataStore.open(settings.sqlite)
        if let target = try await source.property(SQLMetadataStore.StoreMetadataKey.movedTo) {
            throw SettingError("the data of '\(settings.data)' was moved to \(target) already")
        }
        let bucket = try await openBucket(for: source)
        do {
            try await fill(bucket, from: source)
        } catch {
            try await bucket?.shutDown()
            throw error
        }
        try await bucket?.shutDown()
        try await source.close()
        try lock.close()
    }

    private func fill(_ bucket: S3ObjectStore?, from source: SQLMetadataStore) async throws {
        // Both are looked at before either is filled.
        if let bucket { try await claim(bucket, for: source) }
        let database = try await openDatabase(for: source, withOpenUploads: bucket == nil)
        guard bucket != nil || database != nil else {
            throw SettingError(
                "there is nowhere to move to: give --metadata postgres://… or --objects s3://… or both"
            )
        }
        if let bucket { try await copyObjects(of: source, to: bucket) }
        if let database {
            try await fill(database, from: source)
        } else {
            try await source.set(SQLMetadataStore.StoreMetadataKey.objects, try settings.objectsPlace())
            try await source.set(SQLMetadataStore.StoreMetadataKey.movingTo, nil)
            try await source.forgetCopied()
        }
    }

    // MARK: - Objects

    /// The bucket to fill; `nil` when the bytes stay where they are.
    ///
    /// - Throws: ``SettingError`` when it cannot be used.
    private func openBucket(for source: SQLMetadataStore) async throws -> S3ObjectStore? {
        let place = try await source.property(SQLMetadataStore.StoreMetadataKey.objects) ?? "disk"
        let target = try settings.objectsPlace()
        guard place == "disk" else {
            guard target == place else { throw SettingError(.objects, "the bytes are in \(place) and stay there") }
            return nil
        }
        guard case .s3(let s3, let credentials) = settings.objects else { return nil }
        return try await OpenedStores.openBucket(s3, credentials)
    }

    /// - Throws: ``SettingError`` when somebody else fills the bucket.
    private func claim(_ bucket: S3ObjectStore, for source: SQLMetadataStore) async throws {
        let target = try settings.objectsPlace()
        switch try await source.property(SQLMetadataStore.StoreMetadataKey.movingTo) {
        case target: return
        case nil:
            guard try await bucket.isEmpty() else {
                throw SettingError(.objects, "\(target) is not empty; choose another bucket or prefix")
            }
        case let other?:
            throw SettingError(.objects, "the objects of '\(settings.data)' were begun to be moved to \(other)")
        }
    }

    private func copyObjects(of source: SQLMetadataStore, to bucket: S3ObjectStore) async throws {
        let keys = KeyRing(
            store: source,
            rotationInterval: settings.keyLifetime,
            urlLifetime: settings.urlLifetime
        )
        let disk = try DiskObjectStore(settings.disk)
        let hasher = PrefixHasher(metadata: source, objects: disk)
        let storage = ObjectStorage.streaming(disk, hasher, DataPlaneURLs(keys))
        let maintenance = Maintenance(
            metadata: source,
            objects: disk,
            completion: Uploads(metadata: source, storage: storage, sizing: settings.sizing).completion,
            keys: keys,
            uploadLifetime: settings.uploadLifetime
        )
        // As at a start: interrupted completions are rolled back and orphaned objects are removed.
        try await maintenance.recover()
        try await endOpenUploads(of: source, maintenance)
        _ = try await source.establish(SQLMetadataStore.StoreMetadataKey.movingTo, try settings.objectsPlace())
        let outcome = try await ObjectCopy(ledger: source, from: disk, to: bucket).run { outcome in
            say("\(outcome.count) objects of \(outcome.bytes) bytes copied and compared")
        }
        try await ObjectCopy.discardOrphans(source, in: bucket)
        guard outcome.damaged.isEmpty else {
            throw SettingError(
                """
                the bytes of \(outcome.damaged.count) files are not those that were uploaded; delete these files with the \
                old server or restore them, and go on: \(outcome.damaged.joined(separator: " "))
                """
            )
        }
        try await disk.shutDown()
    }

    /// Parts cannot be copied: S3 assigns tags of its own, which no client knows.
    private func endOpenUploads(of source: SQLMetadataStore, _ maintenance: Maintenance) async throws {
        let count = try await source.openUploadCount()
        guard count > 0 else { return }
        guard dropsOpenUploads else {
            throw SettingError(
                "\(count) uploads are open and cannot be moved: let them end, or abort them with --drop-open-uploads"
            )
        }
        _ = try await maintenance.abortUploads(idleSince: .distantFuture)
        say("\(count) open uploads aborted")
    }

    // MARK: - Metadata

    /// A database to fill.
    private struct Database {
        let store: SQLMetadataStore
        let place: String
        let move: MetadataCopy
        let identity: String
        /// It was filled and only not noted; what servers did with it since must not be replaced.
        let isFilled: Bool
    }

    /// The database to fill; `nil` when the metadata stays where it is.
    ///
    /// - Throws: ``SettingError`` when somebody else uses it.
    private func openDatabase(for source: SQLMetadataStore, withOpenUploads: Bool) async throws -> Database? {
        guard case .postgreSQL(let postgreSQL) = settings.metadata else { return nil }
        let store = try await OpenedStores.openMetadata(settings)
        let identity = try await source.establish(SQLMetadataStore.StoreMetadataKey.identity, Identifiers.uuid())
        let move = MetadataCopy(from: source, to: store, withOpenUploads: withOpenUploads)
        let begun = try await store.property(SQLMetadataStore.StoreMetadataKey.movedFrom)
        if begun != identity + StoreMigrationState.filling, begun != identity + StoreMigrationState.done {
            guard begun == nil, try await move.isTargetEmpty() else {
                throw SettingError(.metadata, "\(postgreSQL.place) is not empty; choose another database")
            }
        }
        return Database(
            store: store,
            place: postgreSQL.place,
            move: move,
            identity: identity,
            isFilled: begun == identity + StoreMigrationState.done
        )
    }

    private func fill(_ database: Database, from source: SQLMetadataStore) async throws {
        let store = database.store
        if !database.isFilled {
            try await store.set(
                SQLMetadataStore.StoreMetadataKey.movedFrom,
                database.identity + StoreMigrationState.filling
            )
            try await database.move.run { table, count in say("\(table): \(count) rows copied") }
            try await store.set(SQLMetadataStore.StoreMetadataKey.objects, try settings.objectsPlace())
            try await store.set(
                SQLMetadataStore.StoreMetadataKey.movedFrom,
                database.identity + StoreMigrationState.done
            )
        }
        try await source.set(SQLMetadataStore.StoreMetadataKey.movedTo, database.place)
        try await store.close()
    }
}
