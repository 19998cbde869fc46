import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
package import SystemPackage

/// The command `pontoond backup`, which copies the data of a service to a directory, even while servers are running.
///
/// Objects in a bucket are not copied. docs/backup.md describes the backup, and decision 0018 the order of the steps.
package struct Backup {
    private let settings: Settings
    private let path: FilePath
    private let methods: ObjectPlacer.Methods
    private let report: (String) -> Void
    /// Maximum number of rounds.
    ///
    /// Each round copies the records and then their objects.
    ///
    /// Another round is needed only if an object and its record were deleted after the records had been copied. Only
    /// older versions of the server, which ignore the backup lock, delete objects during a backup.
    private static let maximumRounds = 5

    /// - Parameters:
    ///   - settings: The settings that select the stores. Servers may be using the stores.
    ///   - path: The directory of the backup. Its parent must exist.
    ///   - usesHardLinks: Whether objects on the same file system may be hard links to the originals.
    ///   - report: Receives one line for each damaged object, and a summary.
    package init(settings: Settings, to path: FilePath, usesHardLinks: Bool, report: @escaping (String) -> Void) {
        self.settings = settings
        self.path = path
        methods = usesHardLinks ? .hardLink : []
        self.report = report
    }

    /// Creates the backup, or updates the one in the directory.
    ///
    /// If an object is damaged, and the directory has no intact copy of it either, no backup is created. The previous
    /// backup is then kept.
    ///
    /// - Returns: `false` if a damaged object was found, even if the backup has an intact copy of it; otherwise `true`.
    /// - Throws: ``SettingError`` if the command fails, and `PontoonError` if a store is unavailable. The directory
    ///   then contains either the previous or the new backup.
    package func run() async throws -> Bool {
        do {
            return try await ReadOnlyStores.withMetadata(settings, run)
        } catch let error as PontoonError where error.code == .storageFull {
            throw SettingError("the disk of '\(path)' is full, and the previous backup is kept; free some space")
        } catch let error where !(error is SettingError || error is PontoonError || error is CancellationError) {
            throw SettingError("cannot create a backup in '\(path)': \(OpenedStores.oneLine(error))")
        }
    }

    private func run(_ live: SQLMetadataStore) async throws -> Bool {
        guard let identity = try await live.metadataValue(for: .identity) else {
            throw SettingError(.metadata, NoIdentity().description)
        }
        let location = try backupLocation()
        let manifest = BackupManifest(service: identity, objects: location)
        let directory = try BackupDirectory.open(path, for: manifest, data: settings.folder)
        return try await withClosing(directory, close: { try $0.close() }) { directory in
            guard case .disk = settings.objects else {
                try await copyMetadata(live, to: directory, location: location).close()
                try finish(directory, manifest, Tally())
                report("Backed up the metadata. The objects are in \(location), and are not part of this backup.")
                return true
            }
            // While this lock is held, no server removes objects, except older versions, which do not check the lock.
            let lock = try await retainObjects()
            return try await withClosing(lock, close: { try $0?.close() }) { _ in
                try await copyAll(live, to: directory, manifest)
            }
        }
    }

    /// Returns the location of the objects to record in the backup: `disk`, or the location of the bucket.
    private func backupLocation() throws -> String {
        if case .disk = settings.objects { return "disk" }
        return try settings.objectsLocation()
    }

    private func retainObjects() async throws -> FileDescriptor? {
        do {
            return try await DiskObjectStore.retainObjects(settings.disk)
        } catch let error as Errno {
            throw SettingError(
                .data,
                "cannot lock the objects in '\(settings.disk.folder)': \(error); check the directory's permissions"
            )
        }
    }

    private func copyMetadata(
        _ live: SQLMetadataStore,
        to directory: BackupDirectory,
        location: String
    ) async throws -> SQLMetadataStore {
        try directory.removeDraft()
        let keepsDiscarded = location != "disk"
        return try await live.copySnapshot(
            to: directory.draftPath,
            objects: location,
            keepsDiscarded: keepsDiscarded
        )
    }

    // MARK: - Objects

    private func copyAll(
        _ live: SQLMetadataStore,
        to directory: BackupDirectory,
        _ manifest: BackupManifest
    ) async throws -> Bool {
        _ = FileDescriptors.raiseLimit()
        let originals = try DirectoryHandle.open(settings.disk.folder)
        let (copies, _) = try directory.handle.creatingDirectory(BackupDirectory.objects)
        let placer = try ObjectPlacer(from: originals, to: copies, methods)
        return try await withClosing(placer, close: { try await $0.shutDown() }) { placer in
            var tally = Tally()
            for round in 1... {
                let copy = try await copyMetadata(live, to: directory, location: manifest.objects)
                let placed = try await withClosing(copy, close: { try await $0.close() }) {
                    try await place(objectsOf: $0, with: placer, live)
                }
                tally.add(placed)
                if placed.vanished == 0 { break }
                guard round < Self.maximumRounds else {
                    throw SettingError(
                        """
                        objects were removed during the backup, probably by an older version of the server; upgrade all \
                        servers and run the command again
                        """
                    )
                }
            }
            guard tally.lost == 0 else {
                try directory.removeDraft()
                report("\(tally.lost) objects are damaged. No backup was created; the previous one is kept.")
                return false
            }
            try await placer.finish()
            try finish(directory, manifest, tally)
            let removed = try await removeUnused(directory, placer)
            report(tally.summary(removed: removed))
            return tally.damaged == 0
        }
    }

    private func place(
        objectsOf copy: SQLMetadataStore,
        with placer: ObjectPlacer,
        _ live: SQLMetadataStore
    ) async throws -> Tally {
        var tally = Tally()
        try await placer.placeAll(objectsOf: copy) { object, outcome in
            if outcome == .missing || outcome == .onlyInTarget(originalSize: nil),
                try await live.recordedObjects(among: [object.key]).isEmpty
            {
                // The object was deleted after the records were copied.
                if outcome == .missing { tally.vanished += 1 } else { tally.count(object, .present) }
                return
            }
            tally.count(object, outcome)
            guard let damage = outcome.damage(of: object) else { return }
            let files = try await copy.fileReferences(to: object.key, limit: 100)
            report("damaged: \(damage); used by \(files.isEmpty ? "no file" : files.text)")
        }
        return tally
    }

    private func copyCredentials(to directory: BackupDirectory) throws {
        guard let folder = settings.folder else { return }
        let name = BackupDirectory.credentials
        let data = try DirectoryHandle.open(folder)
        guard try data.status(name)?.isFile == true else { return try directory.handle.remove(name) }
        let draft = name + ".new"
        try data.copy(name, to: directory.handle, as: draft)
        try directory.handle.rename(draft, to: directory.handle, as: name)
    }

    private func finish(_ directory: BackupDirectory, _ manifest: BackupManifest, _ tally: Tally) throws {
        try copyCredentials(to: directory)
        try SQLMetadataStore.finishSnapshot(directory.draftPath)
        var manifest = manifest
        manifest.createdOn = Date()
        if manifest.hasObjects { (manifest.objectCount, manifest.objectBytes) = (tally.objects, tally.bytes) }
        try directory.publish(manifest)
    }

    /// Removes from the directory the objects that the new backup does not use, and returns their number.
    private func removeUnused(_ directory: BackupDirectory, _ placer: ObjectPlacer) async throws -> Int {
        let database = SQLiteSettings(path: directory.path.appending(BackupDirectory.database).string)
        return try await withClosing(
            try await SQLMetadataStore.openReadOnly(database),
            close: { try await $0.close() }
        ) { records in
            try await placer.removeUnused { try await records.recordedObjects(among: $0) }
        }
    }
}
