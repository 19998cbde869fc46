import Glibc
import NIOCore
package import PontoonCore
import Synchronization
package import SystemPackage

/// The disk store: an object store whose objects are files in a directory.
///
/// Parts are written in place into one file for each upload, or into separate files if that is not possible. A finished
/// object is one file. For the layout, see ``DiskLayout`` and docs/storage.md.
///
/// Only one process may open the store at a time, because reservations of in-place regions exist only in memory. `lock`
/// enforces this.
package final class DiskObjectStore: Sendable {
    let settings: DiskSettings
    let layout: DiskLayout
    let executor: BlockingIOExecutor
    let writers = ActiveWriterRegistry()
    private let openFiles = OpenFileCache()
    let directBuffers: DirectBufferPool
    /// Coalesces the syncs of the directory of unfinished uploads, whose entries change frequently.
    let uploadNames: DirectorySyncCoalescer
    /// The sync coalescers of the directories of finished objects, by directory; at most 256.
    ///
    /// Used only for objects that are stored as a whole, without an upload.
    private let objectNames = Mutex<[FilePath: DirectorySyncCoalescer]>([:])
    /// Directories of finished objects whose own names are known to be durable.
    let durableDirectories = Mutex<Set<FilePath>>([])
    /// Directories from which objects were removed since the last sync.
    private let changedDirectories = ChangedDirectories()
    private let discards: DirectorySyncCoalescer
    private let lock: DiskFile
    private let backupLock: BackupLock

    var isDurable: Bool { settings.durability == .power }

    /// Opens a store, and creates its directories if they do not exist.
    ///
    /// - Throws: `.badRequest` if another process is using the directory; `Errno` if the directory cannot be created,
    ///   locked or synced.
    package init(_ settings: DiskSettings) throws {
        self.settings = settings
        layout = DiskLayout(root: settings.folder)
        for directory in [layout.root, layout.uploads, layout.files] { try Directory.create(directory) }
        lock = try DiskFile.open(
            layout.lock,
            .readWrite,
            options: [.create, .closeOnExec],
            permissions: .ownerReadWrite
        )
        do {
            guard try FileLock.acquire(lock) else {
                throw PontoonError(
                    .badRequest,
                    "Another process is using the directory \(settings.folder); stop it first."
                )
            }
            if settings.durability == .power {
                for directory in [layout.root, layout.root.removingLastComponent()] { try Directory.sync(directory) }
            }
            backupLock = try BackupLock(layout.backupLock)
        } catch {
            try lock.close()
            throw error
        }
        executor = BlockingIOExecutor(threads: settings.threads)
        directBuffers = DirectBufferPool(capacity: settings.threads)
        uploadNames = DirectorySyncCoalescer(layout.uploads, executor: executor)
        discards = DirectorySyncCoalescer(executor: executor) { [changedDirectories] in try changedDirectories.sync() }
    }

    /// Returns the free space and the total size of the file system of the objects, in bytes; `Int64.max` for each
    /// value that the file system does not report.
    ///
    /// - Throws: `Errno`.
    package func space() async throws -> (free: Int64, size: Int64) {
        try await executor.run { [layout] in try Directory.space(layout.root) }
    }

    /// Returns the path of a finished object's file.
    package func path(of key: ObjectKey) -> FilePath { layout.object(key) }

    /// Number of file operations that run or wait for a thread.
    package var operations: Int { executor.operations }

    /// Stops the store's threads and releases the directory for other processes.
    ///
    /// Waits for running file operations; queued file operations fail with `CancellationError`.
    package func shutDown() async throws {
        try await executor.shutDown()
        try backupLock.close()
        try lock.close()
    }

    /// Creates a file for writing.
    ///
    /// The name survives a power cut only after the directory is synced.
    ///
    /// - Throws: `Errno.fileExists` if the file exists; any other `Errno`.
    func create(_ path: FilePath) throws -> DiskFile {
        try DiskFile.open(
            path,
            .readWrite,
            options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: .ownerReadWrite
        )
    }

    /// Opens a file for writing, and creates it if it does not exist.
    ///
    /// With durability `power`, the name of a new file is durable when this method returns.
    func openOrCreate(_ path: FilePath) throws -> DiskFile {
        do {
            let file = try create(path)
            if isDurable { try Directory.sync(path.removingLastComponent()) }
            return file
        } catch Errno.fileExists {
            return try DiskFile.open(path, .readWrite, options: .closeOnExec)
        }
    }

    /// Waits until the names that were added to a directory of finished objects are durable.
    ///
    /// Concurrent calls share syncs.
    func syncNames(in directory: FilePath) async throws {
        let coalescer = objectNames.withLock { coalescers in
            let coalescer = coalescers[directory] ?? DirectorySyncCoalescer(directory, executor: executor)
            coalescers[directory] = coalescer
            return coalescer
        }
        try await coalescer.sync()
    }

    /// Checks that the reserved space would remain free after writing `bytes` more bytes.
    ///
    /// - Throws: ``PontoonError`` with `code` if it would not; `Errno`.
    func checkRoom(for bytes: Int64, else code: PontoonError.Code) throws {
        guard try Directory.availableSpace(layout.root) - bytes >= settings.reservedSpace else {
            throw PontoonError(code, "There is not enough space to store \(bytes) more bytes.")
        }
    }
}

extension DiskObjectStore: ObjectStore {
    package func ping() async throws {
        try await executor.run { [layout, lock] in
            for directory in [layout.uploads, layout.files] { _ = try Directory.availableSpace(directory) }
            guard try FileSystem.isSame(layout.lock, lock) else { throw ReplacedDirectory() }
            // Fails on a full disk and on a file system that has become read-only.
            let probe = try DiskFile.open(
                layout.probe,
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: .ownerReadWrite
            )
            try probe.closeAfter { _ = try probe.writeAll(Array(repeating: UInt8(0), count: 4096)) }
        }
    }

    @discardableResult
    package func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle? {
        // The file is created even if the size is unknown, so that writers do not have to sync its name.
        guard size != 0 else { return nil }
        try await executor.run { [self] in
            if let size { try checkRoom(for: size, else: .noRoom) }
            do {
                let file = try create(layout.upload(key))
                try file.closeAfter { if let size { _ = try file.allocate(size: size) } }
            } catch let error as Errno {
                try FileSystem.unlink(layout.upload(key))
                guard [.noSpace, .diskQuotaExceeded, .fileTooLarge].contains(error) else { throw error }
                throw PontoonError(.noRoom, "There is not enough space to store the upload.", cause: error)
            }
        }
        do {
            if isDurable { try await uploadNames.sync() }
        } catch {
            try await executor.run { [layout] in try FileSystem.unlink(layout.upload(key)) }
            throw error
        }
        return nil
    }

    package func openObject(_ key: ObjectKey) async throws -> any ObjectReader {
        let file: OpenFile
        if let recent = openFiles.file(of: key) {
            file = recent
        } else {
            do {
                file = try await executor.run { [layout, executor, openFiles] in
                    let path = layout.object(key)
                    let file = try OpenFile(path, executor: executor)
                    openFiles.insert(file, of: key)
                    // If the object was discarded in the meantime, `discard` may have run before the file was cached.
                    if try !FileSystem.exists(path) { openFiles.remove(key) }
                    return file
                }
            } catch let error as Errno where error == .noSuchFileOrDirectory {
                throw PontoonError(.fileNotFound, "The file's content no longer exists.", cause: error)
            }
        }
        return DiskObjectReader(file, 0..<file.size, executor: executor)
    }

    package func discard(_ object: ObjectReference) async throws {
        let key = object.key
        await writers.quiesce(key)
        try await executor.run { [layout, changedDirectories, openFiles] in
            defer { openFiles.remove(key) }
            // Recovery removes any of these files that a power cut brings back, so the removals need not be durable.
            try FileSystem.unlink(layout.upload(key))
            try FileSystem.unlink(layout.assembled(key))
            try Directory.remove(layout.detachedParts(key))
            guard try FileSystem.exists(layout.object(key)) else { return }
            try FileSystem.unlink(layout.object(key))
            changedDirectories.insert(layout.objectDirectory(key))
        }
    }

    package func makeDiscardsDurable() async throws {
        if isDurable { try await discards.sync() }
    }

    package func isBackupRunning() async throws -> Bool { try backupLock.isHeldByBackup() }

    /// Returns whether the file system reports its free space.
    ///
    /// If it does not, the store may accept uploads that do not fit on the disk.
    ///
    /// - Throws: `Errno`, for example if the directory does not exist.
    package static func reportsFreeSpace(_ settings: DiskSettings) throws -> Bool {
        try Directory.availableSpace(settings.folder) < .max
    }

    /// Returns the space in bytes that uploads may still use, 0 or more, without opening the store.
    ///
    /// - Returns: `nil` if the file system does not report it.
    /// - Throws: `Errno`, for example if the directory does not exist.
    package static func availableSpace(_ settings: DiskSettings) throws -> Int64? {
        usable(try Directory.availableSpace(settings.folder), settings)
    }

    private static func usable(_ free: Int64, _ settings: DiskSettings) -> Int64? {
        free == .max ? nil : max(0, free - settings.reservedSpace)
    }

    /// Returns whether a store's directory contains any objects or unfinished uploads.
    package static func containsObjects(_ settings: DiskSettings) throws -> Bool {
        let layout = DiskLayout(root: settings.folder)
        if try !Directory.entries(layout.uploads).isEmpty { return true }
        return try Directory.entries(layout.files).contains { name in
            try !Directory.entries(layout.files.appending(name)).isEmpty
        }
    }

    /// Returns whether a store's directory does not exist or has never contained an object.
    ///
    /// The subdirectories of objects remain even after all objects have been deleted.
    package static func isUnused(_ settings: DiskSettings) throws -> Bool {
        try Directory.entries(DiskLayout(root: settings.folder).files).allSatisfy { $0 == "lost+found" }
    }

    package func recover(comparingWith records: any ObjectRecords) async throws {
        let open = try await records.openUploadKeys()
        try await executor.run { [layout] in
            for name in try Directory.entries(layout.uploads) {
                // Maintenance compares unconfirmed objects with the records one by one.
                if name.hasSuffix(DiskLayout.unconfirmedSuffix) { continue }
                let owner = ObjectKey(String(name.prefix { $0 != "." }))
                if let owner, open.contains(owner), !name.hasSuffix(".assembled") { continue }
                let path = layout.uploads.appending(name)
                if name.hasSuffix(".parts") { try Directory.remove(path) } else { try FileSystem.unlink(path) }
            }
        }
    }
}

extension DiskObjectStore: StreamingObjectStore {
    package func availableSpace() async throws -> Int64? {
        Self.usable(try await space().free, settings)
    }

    package func openPart(
        _ number: PartNumber,
        of upload: Upload,
        length: Int64?,
        expecting expected: ExpectedChecksums
    ) async throws -> any PartWriter {
        let active = writers.join(upload.key)
        // Reserves the region before the record of an earlier attempt is removed, so that two writers never mix their
        // bytes.
        let fits = length.map { $0 <= upload.partSize && Self.isReachable(number, upload, length: $0) } ?? false
        let location = fits && active.reserve(number) ? PartLocation.inPlace : DiskLayout.newDetached(number)
        return DiskPartWriter(
            number,
            of: upload,
            length: length,
            location: location,
            writers: active,
            store: self,
            expecting: expected
        )
    }

    /// Returns whether an in-place part ends at an offset that every file system supports.
    private static func isReachable(_ number: PartNumber, _ upload: Upload, length: Int64) -> Bool {
        Assembly.offset(of: number, partSize: upload.partSize) + length <= PartSizing.maximumFileSize
    }

    package func discardPart(_ part: PartRecord, of upload: Upload) async throws {
        guard case .detached = part.location else { return }
        let (path, _) = layout.position(of: part.number, at: part.location, in: upload)
        try await executor.run { try FileSystem.unlink(path) }
    }

    package func readPart(_ part: PartRecord, of upload: Upload) async throws -> any ObjectReader {
        guard let size = part.size, size > 0 else { return EmptyReader() }
        let (path, start) = layout.position(of: part.number, at: part.location, in: upload)
        let file = try await executor.run { [executor] in try OpenFile(path, executor: executor) }
        return DiskObjectReader(file, start..<start + size, executor: executor)
    }
}

/// The error for a directory that was moved or replaced while the store was using it.
private struct ReplacedDirectory: Error, CustomStringConvertible {
    var description: String { "the object directory was moved or replaced while in use" }
}

/// The directories whose latest changes are not durable yet.
private final class ChangedDirectories: Sendable {
    private let directories = Mutex<Set<FilePath>>([])

    func insert(_ directory: FilePath) { directories.withLock { _ = $0.insert(directory) } }

    /// Syncs all directories inserted before the call; if a sync fails, keeps all of them for the next call.
    func sync() throws {
        let changed = directories.withLock { directories in
            defer { directories = [] }
            return directories
        }
        do {
            for directory in changed { try Directory.sync(directory) }
        } catch {
            directories.withLock { $0.formUnion(changed) }
            throw error
        }
    }
}

/// The reader of an empty part, which has no file.
private struct EmptyReader: ObjectReader {
    var size: Int64 { 0 }
    func read(at offset: Int64, count: Int) async throws -> ByteBuffer { ByteBuffer() }
    func close() async {}
}
