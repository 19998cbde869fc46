import NIOCore
import PontoonCore
import Synchronization
import SystemPackage

/// Receives one part into its slot, or into a side file when the slot is taken or too small.
final class DiskPartWriter: PartWriter {
    private struct State {
        var digest: PartDigest
        var file: DiskFile?
        var written: Int64 = 0
        var flushed: Int64 = 0
        /// Whether the file was opened, whatever became of that.
        var isTouched = false
        var isInside = false
    }

    let place: PartLocation
    private let path: FilePath
    private let start: Int64
    /// Room is held for the file's bytes before this one.
    private let heldUntil: Int64
    private let number: PartNumber
    private let key: ObjectKey
    private let store: DiskObjectStore
    private let uploads: OpenUpload
    /// Used by one task at a time, so nobody ever waits for this lock, also when a write under it takes long.
    private let state: Mutex<State>

    /// Bytes after which writing to the disk is started.
    private static let flushStride: Int64 = 8 << 20

    init(
        _ number: PartNumber,
        of upload: Upload,
        place: PartLocation,
        writers: OpenUpload,
        store: DiskObjectStore,
        expecting expected: ExpectedChecksums
    ) {
        self.number = number
        self.place = place
        self.store = store
        self.uploads = writers
        key = upload.key
        let isSlot = place == .slot
        path = isSlot ? store.layout.upload(upload.key) : store.layout.side(place, of: upload.key)
        start = isSlot ? Assembly.slotOffset(number, partSize: upload.partSize) : 0
        heldUntil = isSlot ? upload.size ?? 0 : 0
        state = Mutex(State(digest: PartDigest(expecting: expected)))
    }

    func write(_ bytes: ByteBuffer) async throws {
        let write = { @Sendable in
            try self.uploads.write {
                try self.state.withLock { try self.write(bytes, &$0) }
            }
        }
        if place == .slot {
            try await uploads.lane.run(on: store.pool, write)
        } else {
            try await store.pool.run(write)
        }
    }

    private func write(_ bytes: ByteBuffer, _ state: inout State) throws {
        if start + state.written + Int64(bytes.readableBytes) > heldUntil {
            try store.checkRoom(for: Int64(bytes.readableBytes), else: .storageFull)
        }
        try reportingFullDisk {
            state.isTouched = true
            let file = try state.file ?? open()
            state.file = file
            try bytes.withUnsafeReadableBytes { bytes in
                // One pass while the bytes are in the cache: checksum, then write.
                state.digest.update(bytes)
                try file.writeAll(toAbsoluteOffset: start + state.written, bytes)
            }
            state.written += Int64(bytes.readableBytes)
            if store.settings.durability == .power, state.written - state.flushed >= Self.flushStride {
                try file.startWriting(offset: start + state.flushed, count: state.written - state.flushed)
                state.flushed = state.written
            }
        }
    }

    /// Opens the file at the first byte: a part that is refused before has touched nothing.
    private func open() throws -> DiskFile {
        if place != .slot {
            try Folder.make(store.layout.sideFolder(key))
            if store.isDurable { try Folder.sync(store.layout.uploads) }
        }
        return try store.openOrCreate(path)
    }

    func finish(_ last: ByteBuffer) async throws -> PartDigest.Result {
        guard state.withLock({ $0.written == 0 }) else {
            try await write(last)
            return try await sync()
        }
        // All of a small part: no other writer would wait for long, so none is waited for either.
        return try await store.pool.run {
            try self.uploads.write { try self.state.withLock { try self.write(last, &$0) } }
            return try self.state.withLock { try self.sync(&$0) }
        }
    }

    func sync() async throws -> PartDigest.Result {
        try await store.pool.run { try self.state.withLock { try self.sync(&$0) } }
    }

    private func sync(_ state: inout State) throws -> PartDigest.Result {
        // Inside until the part is recorded: finishing may cut off its bytes, and must not do so in between.
        try uploads.enter()
        state.isInside = true
        if let file = state.file {
            if store.isDurable { try reportingFullDisk { try file.syncData() } }
            state.file = nil
            try file.close()
        }
        return state.digest.finish()
    }

    /// Errors are ignored: the part has no record, so its bytes mean nothing, and a side file goes with its upload.
    func discard() async {
        _ = try? await store.pool.run {
            try self.state.withLock { state in
                guard state.isTouched else { return }
                if self.place != .slot {
                    try Link.remove(self.path)
                    return
                }
                let (from, end) = (max(self.start, self.heldUntil), self.start + state.written)
                guard from < end else { return }
                let file = try DiskFile.open(self.path, .readWrite, options: .closeOnExec)
                try file.closeAfter {
                    // After a sync it is inside already, and nobody waits for it outside.
                    if state.isInside { return try file.punchHole(offset: from, count: end - from) }
                    try self.uploads.write { try file.punchHole(offset: from, count: end - from) }
                }
            }
        }
    }

    func close() async {
        let file = state.withLock { state in
            if state.isInside { uploads.exit() }
            state.isInside = false
            return state.file.take()
        }
        // A part that was synced has closed it.
        if let file { _ = try? await store.pool.run { try file.close() } }
        if place == .slot { uploads.release(number) }
        store.uploads.leave(key, uploads)
    }
}
