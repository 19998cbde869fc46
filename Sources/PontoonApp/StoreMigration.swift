import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonPostgreSQL
import SystemPackage

/// The progress of `pontoond migrate` or `pontoond restore`, recorded in the database that the command fills.
enum StoreMigrationState: Hashable, Sendable {
    /// The database is partially filled from the data with this identity.
    case filling(from: String)
    /// The database is completely filled from the data with this identity.
    case done(from: String)

    private static let fillingSuffix = " filling"
    private static let doneSuffix = " done"

    /// Parses a value of ``stored``; returns `nil` for any other text.
    init?(stored text: String) {
        if text.hasSuffix(Self.fillingSuffix) {
            self = .filling(from: String(text.dropLast(Self.fillingSuffix.count)))
        } else if text.hasSuffix(Self.doneSuffix) {
            self = .done(from: String(text.dropLast(Self.doneSuffix.count)))
        } else {
            return nil
        }
    }

    /// The text stored in the database.
    var stored: String {
        switch self {
        case .filling(let identity): identity + Self.fillingSuffix
        case .done(let identity): identity + Self.doneSuffix
        }
    }
}

/// The command `pontoond migrate`, which copies a data directory to PostgreSQL, to S3, or to both.
package struct StoreMigration {
    private let settings: Settings
    private let dropsOpenUploads: Bool
    private let report: @Sendable (String) -> Void

    /// - Parameters:
    ///   - settings: The data directory to migrate, and the target stores.
    ///   - dropsOpenUploads: Whether to abort unfinished uploads instead of refusing to migrate.
    ///   - report: Receives progress messages of one line each.
    package init(settings: Settings, dropsOpenUploads: Bool, report: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.dropsOpenUploads = dropsOpenUploads
        self.report = report
    }

    /// Migrates, or resumes an interrupted migration.
    ///
    /// Does nothing if the data was already migrated to the same target, for example by a run that was killed after its
    /// last write.
    ///
    /// If an error is thrown, the source still has all its files. With `dropsOpenUploads`, unfinished uploads may have
    /// been aborted.
    ///
    /// - Throws: ``SettingError`` if the migration cannot be completed; an error if a store is unavailable.
    package func run() async throws {
        guard try settings.hasDatabase() else {
            throw SettingError(
                "the directory '\(settings.data)' contains no database to migrate; pass the server's --data as --from"
            )
        }
        try await withClosing(try DataDirectory.lock(settings.data), close: { try $0.close() }) { _ in
            let source = try await SQLMetadataStore.open(settings.sqlite)
            try await withClosing(source, close: { try await $0.close() }) { source in
                if let target = try await source.metadataValue(for: .movedTo) {
                    guard case .postgreSQL(let postgreSQL) = settings.metadata, postgreSQL.place == target else {
                        throw SettingError("the directory '\(settings.data)' was already migrated; use \(target)")
                    }
                    return report("the directory '\(settings.data)' was already migrated to \(target)")
                }
                try await migrate(source)
            }
        }
    }

    private func migrate(_ source: SQLMetadataStore) async throws {
        guard let bucket = try await openBucket(for: source) else {
            return try await migrate(source, to: nil)
        }
        try await withClosing(bucket, close: { try await $0.shutDown() }) { bucket in
            try await migrate(source, to: bucket)
        }
    }

    private func migrate(_ source: SQLMetadataStore, to bucket: S3ObjectStore?) async throws {
        // Checks both targets before any upload is aborted and before any object or row is copied.
        if let bucket { try await checkEmpty(bucket, for: source) }
        guard case .postgreSQL(let postgreSQL) = settings.metadata else {
            if let bucket {
                try await copyObjects(of: source, to: bucket)
                try await source.setMetadataValue(try settings.objectsLocation(), for: .objects)
            } else if case .s3 = settings.objects {
                report("the objects were already migrated to \(try settings.objectsLocation())")
            } else {
                throw SettingError("no target is given; add --metadata postgres://…, --objects s3://…, or both")
            }
            try await source.setMetadataValue(nil, for: .movingTo)
            return try await source.unmarkAllCopied()
        }
        let store = try await OpenedStores.openMetadata(settings)
        try await withClosing(store, close: { try await $0.close() }) { store in
            let target = try await database(
                store,
                location: postgreSQL.place,
                for: source,
                withOpenUploads: bucket == nil
            )
            if let bucket { try await copyObjects(of: source, to: bucket) }
            try await fill(target, from: source)
        }
    }

    // MARK: - Objects

    /// Opens the bucket to fill; returns `nil` if the objects stay on disk or were already migrated.
    ///
    /// - Throws: ``SettingError`` if the bucket cannot be used, or the objects were migrated to another bucket.
    private func openBucket(for source: SQLMetadataStore) async throws -> S3ObjectStore? {
        let location = try await source.metadataValue(for: .objects) ?? "disk"
        let target = try settings.objectsLocation()
        guard location == "disk" else {
            guard target == location else {
                throw SettingError(.objects, "the objects were already migrated to \(location); pass it as --objects")
            }
            return nil
        }
        guard case .s3(let s3, let credentials) = settings.objects else { return nil }
        return try await OpenedStores.openBucket(s3, credentials)
    }

    /// Checks that the bucket contains no objects under the prefix, or is the target of an interrupted migration of
    /// this data.
    ///
    /// - Throws: ``SettingError`` if neither is the case, or an interrupted migration has another target.
    private func checkEmpty(_ bucket: S3ObjectStore, for source: SQLMetadataStore) async throws {
        let target = try settings.objectsLocation()
        switch try await source.metadataValue(for: .movingTo) {
        case target: return
        case nil:
            guard try await bucket.isEmpty() else {
                throw SettingError(.objects, "\(target) is not empty; choose another bucket or prefix")
            }
        case let other?:
            throw SettingError(
                .objects,
                "the migration of '\(settings.data)' to \(other) is not finished; resume it with that target"
            )
        }
    }

    private func copyObjects(of source: SQLMetadataStore, to bucket: S3ObjectStore) async throws {
        let keys = KeyRing(
            store: source,
            rotationInterval: settings.keyLifetime,
            urlLifetime: settings.urlLifetime
        )
        let disk = try DiskObjectStore(settings.disk)
        try await withClosing(disk, close: { try await $0.shutDown() }) { disk in
            let hasher = PrefixHasher(metadata: source, objects: disk)
            let storage = ObjectStorage.streaming(disk, hasher, DataPlaneURLs(keys))
            let maintenance = Maintenance(
                metadata: source,
                storage: storage,
                completion: Uploads(metadata: source, storage: storage, sizing: settings.sizing).completion,
                keys: keys,
                uploadLifetime: settings.uploadLifetime
            )
            // Rolls back interrupted completions and removes orphans, as a server does when it starts.
            try await maintenance.recover()
            try await abortOpenUploads(of: source, maintenance)
            _ = try await source.setIfAbsent(try settings.objectsLocation(), for: .movingTo)
            let outcome = try await ObjectCopy(ledger: source, from: disk, to: bucket).run { outcome in
                report("\(outcome.count) objects (\(outcome.bytes) bytes) copied and verified")
            }
            try await ObjectCopy.discardOrphans(source, in: bucket)
            guard outcome.damaged.isEmpty else {
                throw SettingError(
                    """
                    the stored bytes of \(outcome.damaged.count) files are damaged or missing; restore these files, or \
                    delete them with the old server, and run 'pontoond migrate' again: \
                    \(outcome.damaged.joined(separator: " "))
                    """
                )
            }
        }
    }

    /// Aborts unfinished uploads.
    ///
    /// Their parts cannot be migrated, because S3 would assign new ETags, which no client has reported.
    ///
    /// - Throws: ``SettingError`` if there are unfinished uploads and the operator did not allow aborting them.
    private func abortOpenUploads(of source: SQLMetadataStore, _ maintenance: Maintenance) async throws {
        let count = try await source.openUploadCount()
        guard count > 0 else { return }
        guard dropsOpenUploads else {
            throw SettingError(
                "cannot migrate unfinished uploads (\(count)); complete them, or abort them with --drop-open-uploads"
            )
        }
        if let error = await maintenance.abortUploads(idleSince: .distantFuture).errors.first { throw error }
        report("\(count) unfinished uploads aborted")
    }

    // MARK: - Metadata

    /// The PostgreSQL database to fill.
    private struct Target {
        let store: SQLMetadataStore
        let location: String
        let copy: MetadataCopy
        let identity: String
        /// Whether an interrupted migration has already filled the database.
        ///
        /// Such a database is not filled again, because servers may have changed it since.
        let isFilled: Bool
    }

    /// Checks that a database is empty or the target of an interrupted migration of this data.
    ///
    /// - Returns: The database as a target of the migration.
    /// - Throws: ``SettingError`` if the database is neither.
    private func database(
        _ store: SQLMetadataStore,
        location: String,
        for source: SQLMetadataStore,
        withOpenUploads: Bool
    ) async throws -> Target {
        let identity = try await source.setIfAbsent(Identifiers.uuid(), for: .identity)
        let copy = MetadataCopy(from: source, to: store, withOpenUploads: withOpenUploads)
        let stored = try await store.metadataValue(for: .movedFrom)
        let state = stored.flatMap { StoreMigrationState(stored: $0) }
        if state != .filling(from: identity), state != .done(from: identity) {
            guard stored == nil, try await copy.isTargetEmpty() else {
                throw SettingError(.metadata, "\(location) is not empty; choose another database")
            }
        }
        return Target(
            store: store,
            location: location,
            copy: copy,
            identity: identity,
            isFilled: state == .done(from: identity)
        )
    }

    private func fill(_ target: Target, from source: SQLMetadataStore) async throws {
        let store = target.store
        if !target.isFilled {
            try await store.setMetadataValue(StoreMigrationState.filling(from: target.identity).stored, for: .movedFrom)
            try await target.copy.run { table, count in report("\(table): \(count) rows copied") }
            // The events keep their positions, so the cursors of clients and of the hook command remain valid.
            for key in [StoreMetadataKey.eventLog, .prunedEvents, .hookCursor] {
                try await store.setMetadataValue(try await source.metadataValue(for: key), for: key)
            }
            try await store.setMetadataValue(try settings.objectsLocation(), for: .objects)
            try await store.setMetadataValue(target.identity, for: .identity)
            try await store.setMetadataValue(StoreMigrationState.done(from: target.identity).stored, for: .movedFrom)
        }
        try await source.setMetadataValue(target.location, for: .movedTo)
    }
}
