import Glibc
import NIOCore
package import PontoonCore
import Synchronization
import SystemPackage

/// Keeps each upload as one sparse file in which every part is written in place, and each finished object as one
/// ordinary file.
///
/// See docs/storage.md.
///
/// One process uses a folder at a time (`lock`): which writer holds which slot is known in memory only.
package final class DiskObjectStore: Sendable {
    let settings: DiskSettings
    let layout: DiskLayout
    let pool: BlockingPool
    let uploads = OpenUploads()
    let keys: KeyRing
    /// The folder of unfinished uploads, whose names come and go all the time.
    let uploadNames: FolderSync
    /// Folders of finished objects whose names are on the disk.
    let fileFolders = Mutex<Set<FilePath>>([])
    private let lock: DiskFile

    var isDurable: Bool { settings.durability == .power }

    /// Opens a store, making its folders when they do not exist.
    ///
    /// - Parameters:
    ///   - settings: Where and how.
    ///   - keys: Sign the URLs that the store hands out.
    /// - Throws: `.badRequest` when another process uses the folder.
    package init(_ settings: DiskSettings, keys: KeyRing) throws {
        self.settings = settings
        self.keys = keys
        layout = DiskLayout(root: settings.folder)
        for folder in [layout.root, layout.uploads, layout.files] { try Folder.make(folder) }
        lock = try DiskFile.open(
            layout.lock,
            .readWrite,
            options: [.create, .closeOnExec],
            permissions: .ownerReadWrite
        )
        guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            try lock.close()
            throw PontoonError(.badRequest, "Another process uses the data folder.")
        }
        if settings.durability == .power {
            for folder in [layout.root, layout.root.removingLastComponent()] { try Folder.sync(folder) }
        }
        pool = BlockingPool(threads: settings.threads)
        uploadNames = FolderSync(layout.uploads, pool: pool)
    }

    /// Ends the store's threads and lets another process use the folder.
    package func shutDown() async throws {
        try await pool.shutDown()
        try lock.close()
    }

    /// Makes a file for writing; whether its name survives a power cut is for the caller to see to.
    private func create(_ path: FilePath) throws -> DiskFile {
        try DiskFile.open(
            path,
            .readWrite,
            options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: .ownerReadWrite
        )
    }

    /// Opens a file for writing; one that is new has its name on the disk when this returns.
    func openOrCreate(_ path: FilePath) throws -> DiskFile {
        do {
            let file = try create(path)
            if isDurable { try Folder.sync(path.removingLastComponent()) }
            return file
        } catch Errno.fileExists {
            return try DiskFile.open(path, .readWrite, options: .closeOnExec)
        }
    }

    /// - Throws: `code` when `bytes` more would touch the reserved space.
    func checkRoom(for bytes: Int64, else code: PontoonError.Code) throws {
        guard try Folder.room(layout.root) - bytes >= settings.reservedSpace else {
            throw PontoonError(code, "There is not enough room to store \(bytes) more bytes.")
        }
    }
}

extension DiskObjectStore: StreamingObjectStore {
    @discardableResult
    package func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle? {
        // Made here also without a size: a writer that finds the file knows that its name is on the disk.
        guard size != 0 else { return nil }
        try await pool.run { [self] in
            if let size { try checkRoom(for: size, else: .noRoom) }
            do {
                let file = try create(layout.upload(key))
                try file.closeAfter { if let size { _ = try file.allocate(size: size) } }
            } catch let error as Errno {
                try Link.remove(layout.upload(key))
                guard [.noSpace, .diskQuotaExceeded, .fileTooLarge].contains(error) else { throw error }
                throw PontoonError(.noRoom, "There is not enough room to store the upload.", cause: error)
            }
        }
        do {
            if isDurable { try await uploadNames.sync() }
        } catch {
            try await pool.run { [layout] in try Link.remove(layout.upload(key)) }
            throw error
        }
        return nil
    }

    package func openPart(
        _ number: PartNumber,
        of upload: Upload,
        length: Int64?,
        expecting expected: ExpectedChecksums
    ) async throws -> any PartWriter {
        let writers = uploads.join(upload.key)
        // The slot is claimed before the earlier record is forgotten, so that no two writers can ever mix.
        let fits = length.map { $0 <= upload.partSize && Self.isReachable(number, upload, length: $0) } ?? false
        let place = fits && writers.claim(number) ? PartLocation.slot : DiskLayout.newSide(number)
        return DiskPartWriter(number, of: upload, place: place, writers: writers, store: self, expecting: expected)
    }

    /// Whether a slot lies where any file system can reach it.
    private static func isReachable(_ number: PartNumber, _ upload: Upload, length: Int64) -> Bool {
        Assembly.slotOffset(number, partSize: upload.partSize) + length <= PartSizing.maximumFileSize
    }

    package func discardPart(_ part: PartRecord, of upload: Upload) async throws {
        guard part.place != .slot else { return }
        try await pool.run { [layout] in try Link.remove(layout.side(part.place, of: upload.key)) }
    }

    package func readPart(_ part: PartRecord, of upload: Upload) async throws -> any ObjectReader {
        let isSlot = part.place == .slot
        let path = isSlot ? layout.upload(upload.key) : layout.side(part.place, of: upload.key)
        guard part.size > 0 else { return EmptyReader() }
        let file = try await pool.run { try DiskFile.open(path, .readOnly, options: .closeOnExec) }
        let start = isSlot ? Assembly.slotOffset(part.number, partSize: upload.partSize) : 0
        return DiskObjectReader(file, start: start, size: part.size, pool: pool)
    }

    package func openObject(_ key: ObjectKey) async throws -> any ObjectReader {
        do {
            let (file, size) = try await pool.run { [layout] in
                let file = try DiskFile.open(layout.file(key), .readOnly, options: .closeOnExec)
                return (file, try file.size())
            }
            return DiskObjectReader(file, start: 0, size: size, pool: pool)
        } catch let error as Errno where error == .noSuchFileOrDirectory {
            throw PontoonError(.fileNotFound, "The file's content does not exist any more.", cause: error)
        }
    }

    package func discard(_ object: ObjectReference) async throws {
        let key = object.key
        await uploads.shutOut(key)
        try await pool.run { [layout] in
            try Link.remove(layout.upload(key))
            try Link.remove(layout.assembled(key))
            try Folder.remove(layout.sideFolder(key))
            try Link.remove(layout.file(key))
        }
    }

    package func recover(open: Set<ObjectKey>) async throws {
        try await pool.run { [layout] in
            for name in try Folder.names(layout.uploads) {
                let owner = ObjectKey(String(name.prefix { $0 != "." }))
                if let owner, open.contains(owner), !name.hasSuffix(".assembled") { continue }
                let path = layout.uploads.appending(name)
                if name.hasSuffix(".parts") { try Folder.remove(path) } else { try Link.remove(path) }
            }
        }
    }
}

/// A part without bytes has no file.
private struct EmptyReader: ObjectReader {
    var size: Int64 { 0 }
    func read(at offset: Int64, count: Int) async throws -> ByteBuffer { ByteBuffer() }
    func close() async {}
}
