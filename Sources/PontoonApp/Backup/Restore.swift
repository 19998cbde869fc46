import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonPostgreSQL
package import SystemPackage

/// The command `pontoond restore`, which creates the stores of a service from a backup.
package struct Restore {
    private let settings: Settings
    private let path: FilePath
    private let methods: ObjectPlacer.Methods
    private let keepsWebhooks: Bool
    private let report: (String) -> Void

    /// Name of the file that marks a data directory as being restored, so that an interrupted restore can be resumed.
    private static let marker = "restoring"
    /// Name of the database until the restore is complete.
    ///
    /// A server does not start in a directory that contains objects but no `pontoon.sqlite`.
    private static let draft = "pontoon.sqlite.restoring"

    /// - Parameters:
    ///   - settings: The settings that select the stores to create. Existing stores must be empty, or contain an
    ///     interrupted restore of the same service.
    ///   - path: The directory of the backup, which is not changed.
    ///   - verifiesChecksums: Whether to compare the checksums of all objects; lengths are always compared.
    ///   - keepsWebhooks: Whether active webhooks stay active. By default, they are disabled, because the original
    ///     service may still be running.
    ///   - report: Receives one line for each damaged object, a summary of the objects, and a line about active
    ///     webhooks if there are any.
    package init(
        settings: Settings,
        from path: FilePath,
        verifiesChecksums: Bool,
        keepsWebhooks: Bool = false,
        report: @escaping (String) -> Void
    ) {
        self.settings = settings
        self.path = path
        // No hard links, so that later changes to the server's files cannot affect the backup.
        methods = verifiesChecksums ? .verifying : .unverified
        self.keepsWebhooks = keepsWebhooks
        self.report = report
    }

    /// Restores the backup, or resumes an interrupted restore.
    ///
    /// - Returns: `true` if the service was restored; `false` if objects of the backup are damaged.
    /// - Throws: ``SettingError`` if the backup cannot be restored for another reason; `PontoonError` if a store is
    ///   unavailable.
    package func run() async throws -> Bool {
        do {
            return try await restore()
        } catch let error as PontoonError where error.code == .storageFull {
            throw SettingError("the disk is full; free some space and run the same command again")
        } catch let error where !(error is SettingError || error is PontoonError || error is CancellationError) {
            throw SettingError("cannot restore the backup in '\(path)': \(OpenedStores.oneLine(error))")
        }
    }

    private func restore() async throws -> Bool {
        let backup: DirectoryHandle
        do {
            backup = try DirectoryHandle.open(path)
        } catch let error as Errno {
            throw SettingError("cannot open the backup directory '\(path)': \(error); check its path and permissions")
        }
        guard let manifest = try BackupManifest.read(from: backup, at: path.string),
            try backup.status(BackupDirectory.database)?.isFile == true
        else { throw SettingError("the directory '\(path)' contains no complete backup; use another directory") }
        try refuseOtherObjects(than: manifest)
        let lock: FileDescriptor?
        do {
            lock = try backup.lockForReading(BackupDirectory.lockName)
        } catch Errno.wouldBlock {
            throw SettingError("another process is writing to the backup in '\(path)'; wait until it has finished")
        }
        return try await withClosing(lock, close: { try $0?.close() }) { _ in
            guard let folder = settings.folder else {
                return try await Self.withTemporaryDirectory { try await restore(backup, manifest, in: $0) }
            }
            try prepare(folder, for: manifest)
            return try await withClosing(try DataDirectory.lock(folder), close: { try $0.close() }) { _ in
                // Another process may have filled the directory before it was locked.
                try prepare(folder, for: manifest)
                try DurableFile.replace(folder.appending(Self.marker), with: manifest.service)
                return try await restore(backup, manifest, in: folder)
            }
        }
    }

    private func refuseOtherObjects(than manifest: BackupManifest) throws {
        switch settings.objects {
        case .disk where !manifest.hasObjects:
            throw SettingError(
                .objects,
                "the backup contains only metadata, for the objects in \(manifest.objects); pass that bucket as --objects"
            )
        case .s3 where manifest.hasObjects:
            throw SettingError(
                .objects,
                "the backup contains objects; restore them to a directory, and then use 'pontoond migrate'"
            )
        case .disk, .s3: return
        }
    }

    /// Creates the data directory, or checks that the existing one is empty or contains an interrupted restore of this
    /// service.
    ///
    /// - Throws: ``SettingError`` if the directory cannot be used, is inside the backup, or contains anything else.
    private func prepare(_ folder: FilePath, for manifest: BackupManifest) throws {
        try DataDirectory.create(folder)
        if try BackupDirectory.contains(path, folder) {
            throw SettingError(
                .data,
                "the directory '\(folder)' is inside the backup; choose another directory"
            )
        }
        let handle = try DirectoryHandle.open(folder)
        let marked = try? handle.read(Self.marker, limit: 1000)
        if marked == Array(manifest.service.utf8), try handle.status(BackupDirectory.database) == nil { return }
        guard try handle.entries().allSatisfy(["lock", "lost+found"].contains) else {
            throw SettingError(.data, "the directory '\(folder)' is not empty; choose an empty directory")
        }
    }

    private func restore(
        _ backup: DirectoryHandle,
        _ manifest: BackupManifest,
        in folder: FilePath
    ) async throws -> Bool {
        let target = try DirectoryHandle.open(folder)
        try removeDraft(in: target)
        try backup.copy(BackupDirectory.database, to: target, as: Self.draft)
        let draft = SQLiteSettings(path: folder.appending(Self.draft).string)
        // Opening the database also migrates records of an older version.
        let records = try await SQLMetadataStore.open(draft)
        let isRestored = try await withClosing(records, close: { try await $0.close() }) { records in
            try await check(records, against: manifest)
            return try await withTarget(manifest) { database in
                if manifest.hasObjects, try await !placeObjects(of: records, from: backup, to: target) { return false }
                guard let database else {
                    try await prepareWebhooks(of: records)
                    try await records.setMetadataValue(try settings.objectsLocation(), for: .objects)
                    return true
                }
                try await fill(database, from: records, manifest)
                return true
            }
        }
        guard isRestored else { return false }
        if try backup.status(BackupDirectory.credentials)?.isFile == true, settings.folder != nil {
            try backup.copy(BackupDirectory.credentials, to: target, as: BackupDirectory.credentials)
        }
        if case .sqlite = settings.metadata {
            try SQLMetadataStore.finishSnapshot(draft.path)
            try target.syncFile(Self.draft)
            try target.rename(Self.draft, to: target, as: BackupDirectory.database)
        } else {
            try removeDraft(in: target)
        }
        try target.sync()
        try target.remove(Self.marker)
        try target.sync()
        return true
    }

    private func removeDraft(in target: DirectoryHandle) throws {
        for suffix in [""] + BackupDirectory.companions { try target.remove(Self.draft + suffix) }
    }

    private func check(_ records: SQLMetadataStore, against manifest: BackupManifest) async throws {
        if let problem = try await records.databaseProblems().first {
            throw SettingError(
                "the database of the backup is damaged: \(OpenedStores.oneLine(problem)); use another backup"
            )
        }
        guard try await records.metadataValue(for: .identity) == manifest.service else {
            throw SettingError(
                "the database and the manifest of the backup belong to different services; use another backup"
            )
        }
    }

    private func prepareWebhooks(of store: SQLMetadataStore) async throws {
        let active = try await store.prepareRestoredWebhooks(disabling: !keepsWebhooks, now: Date())
        guard active > 0 else { return }
        report(
            keepsWebhooks
                ? "Active webhooks: \(active). They send events from now on."
                : "Disabled webhooks: \(active). Enable each with 'pontoond webhook enable' once the original service is stopped."
        )
    }

    // MARK: - Objects

    private func placeObjects(
        of records: SQLMetadataStore,
        from backup: DirectoryHandle,
        to target: DirectoryHandle
    ) async throws -> Bool {
        _ = FileDescriptors.raiseLimit()
        let (objects, _) = try target.creatingDirectory(BackupDirectory.objects)
        let placer = try ObjectPlacer(from: try backup.directory(BackupDirectory.objects), to: objects, methods)
        return try await withClosing(placer, close: { try await $0.shutDown() }) { placer in
            var tally = Tally()
            try await placer.placeAll(objectsOf: records) { object, outcome in
                tally.count(object, outcome)
                guard let damage = outcome.damage(of: object), !outcome.isInTarget else { return }
                let files = try await records.fileReferences(to: object.key, limit: 100)
                report("damaged: \(damage); used by \(files.isEmpty ? "no file" : files.text)")
            }
            guard tally.lost == 0 else {
                report("\(tally.lost) objects of the backup are damaged. Repair the backup and run the command again.")
                return false
            }
            try await placer.finish()
            report("Restored \(tally.objects) objects (\(tally.bytes) bytes).")
            return true
        }
    }

    // MARK: - PostgreSQL

    /// Runs `body` with the PostgreSQL database to fill, or with `nil` if the records stay in SQLite.
    ///
    /// - Throws: ``SettingError`` if the database contains anything other than an interrupted restore of this service.
    private func withTarget<Value>(
        _ manifest: BackupManifest,
        _ body: (SQLMetadataStore?) async throws -> Value
    ) async throws -> Value {
        guard case .postgreSQL(let postgreSQL) = settings.metadata else { return try await body(nil) }
        let store = try await OpenedStores.openMetadata(settings)
        return try await withClosing(store, close: { try await $0.close() }) { store in
            let stored = try await store.metadataValue(for: .movedFrom)
            if stored != StoreMigrationState.filling(from: manifest.service).stored {
                let copy = MetadataCopy(from: store, to: store, withOpenUploads: false)
                guard stored == nil, try await copy.isTargetEmpty() else {
                    throw SettingError(.metadata, "\(postgreSQL.place) is not empty; choose another database")
                }
            }
            return try await body(store)
        }
    }

    private func fill(
        _ database: SQLMetadataStore,
        from records: SQLMetadataStore,
        _ manifest: BackupManifest
    ) async throws {
        let state = StoreMigrationState.filling(from: manifest.service).stored
        try await database.setMetadataValue(state, for: .movedFrom)
        try await MetadataCopy(from: records, to: database, withOpenUploads: false).run { _, _ in }
        try await prepareWebhooks(of: database)
        try await database.setMetadataValue(try settings.objectsLocation(), for: .objects)
        try await database.setMetadataValue(manifest.service, for: .identity)
        try await database.setMetadataValue(nil, for: .movedFrom)
    }

    private static func withTemporaryDirectory<Value>(_ body: (FilePath) async throws -> Value) async throws -> Value {
        let url = FileManager.default.temporaryDirectory.appending(path: "pontoond-\(Identifiers.uuid())")
        guard mkdir(url.path, 0o700) == 0 else { throw Errno(rawValue: errno) }
        defer { try? FileManager.default.removeItem(at: url) }
        return try await body(FilePath(url.path))
    }
}

extension ObjectPlacer.Outcome {
    /// Whether the target contains an intact copy.
    fileprivate var isInTarget: Bool {
        switch self {
        case .present, .onlyInTarget, .linked, .copied: true
        case .missing, .wrongSize, .wrongChecksum, .unreadable: false
        }
    }
}
