import NIOCore
import PontoonCore
import Synchronization
import SystemPackage

/// A writer that stores one part at the location that the store chose: in place or in a separate file.
final class DiskPartWriter: PartWriter {
    private struct State {
        var digest: PartDigest
        var file: DiskFile?
        /// Writes with direct I/O; `nil` if the bytes are written through the page cache.
        var direct: DirectWriter?
        /// End of the file's preallocated range in bytes, 0 if nothing is preallocated; `nil` until the first write.
        var preallocatedEnd: Int64?
        /// Number of bytes written, including the bytes in the buffer of ``direct``.
        var written: Int64 = 0
        /// Number of bytes whose write-back has been started.
        var flushed: Int64 = 0
        /// Whether opening the file was attempted.
        var isTouched = false
        /// Whether the writer is inside the barrier, so that the upload cannot be finished.
        var isInsideBarrier = false
    }

    let location: PartLocation
    private let path: FilePath
    private let start: Int64
    /// Number of bytes that the store tried to preallocate for the upload; 0 if the upload's size is unknown or the
    /// part is detached.
    ///
    /// The file system may not support preallocation, and the store may have freed unused space since then.
    private let preallocatedSize: Int64
    /// Length of the part in bytes; `nil` if unknown.
    private let length: Int64?
    private let number: PartNumber
    private let key: ObjectKey
    private let store: DiskObjectStore
    private let writers: ActiveWriters
    /// The mutable state.
    ///
    /// Only one task at a time uses the writer, so holding this lock during a long write blocks no other task.
    private let state: Mutex<State>

    /// Number of written bytes after which write-back is started.
    static let flushStride: Int64 = 8 << 20
    /// Minimum length in bytes of a part that is written with direct I/O.
    private static let shortestDirectPart: Int64 = 1 << 20

    init(
        _ number: PartNumber,
        of upload: Upload,
        length: Int64?,
        location: PartLocation,
        writers: ActiveWriters,
        store: DiskObjectStore,
        expecting expected: ExpectedChecksums
    ) {
        self.number = number
        self.length = length
        self.location = location
        self.store = store
        self.writers = writers
        key = upload.key
        (path, start) = store.layout.position(of: number, at: location, in: upload)
        preallocatedSize = location == .inPlace ? upload.size ?? 0 : 0
        state = Mutex(State(digest: PartDigest(expecting: expected)))
    }

    func write(_ bytes: ByteBuffer) async throws {
        let write = { @Sendable in
            try self.writers.write {
                try self.state.withLock { try self.write(bytes, &$0) }
            }
        }
        if location == .inPlace {
            try await writers.queue.run(on: store.executor, write)
        } else {
            try await store.executor.run(write)
        }
    }

    private func write(_ bytes: ByteBuffer, _ state: inout State) throws {
        let preallocatedEnd = try state.preallocatedEnd ?? measurePreallocatedEnd()
        state.preallocatedEnd = preallocatedEnd
        if start + state.written + Int64(bytes.readableBytes) > preallocatedEnd {
            try store.checkRoom(for: Int64(bytes.readableBytes), else: .storageFull)
        }
        try mapDiskFull {
            state.isTouched = true
            let file = try state.file ?? open()
            if state.file == nil {
                state.file = file
                state.direct = try openDirect(preallocatedEnd)
            }
            try bytes.withUnsafeReadableBytes { bytes in
                // The checksum is computed just before the write, while the bytes are in the CPU cache.
                state.digest.update(bytes)
                if try state.direct?.write(bytes, cached: file) == nil {
                    try file.writeAll(toAbsoluteOffset: start + state.written, bytes)
                }
            }
            state.written += Int64(bytes.readableBytes)
            if store.isDurable, state.direct == nil, state.written - state.flushed >= Self.flushStride {
                try file.startWriting(offset: start + state.flushed, count: state.written - state.flushed)
                state.flushed = state.written
            }
        }
    }

    /// Opens the file for direct I/O, if the part is large enough and its space is preallocated; otherwise returns
    /// `nil`.
    ///
    /// With durability `os`, bytes are written through the cache, so that the client does not wait for the disk.
    private func openDirect(_ preallocatedEnd: Int64) throws -> DirectWriter? {
        guard store.isDurable, store.settings.directIO == .auto, let length, length >= Self.shortestDirectPart,
            start + length <= preallocatedEnd
        else { return nil }
        return try DirectWriter(path, from: start, store.directBuffers)
    }

    /// Returns the end of the preallocated range; 0 unless the file occupies the declared size of the upload on the
    /// disk.
    private func measurePreallocatedEnd() throws -> Int64 {
        guard preallocatedSize > 0, let file = try FileSystem.status(path) else { return 0 }
        return file.allocatedSize >= preallocatedSize ? preallocatedSize : 0
    }

    /// Opens the file when the first byte is written, so that a part that is refused before then changes nothing.
    private func open() throws -> DiskFile {
        if case .detached = location {
            try Directory.create(store.layout.detachedParts(key))
            if store.isDurable { try Directory.sync(store.layout.uploads) }
        }
        return try store.openOrCreate(path)
    }

    func commit<Value>(
        last: ByteBuffer?,
        recording: (PartDigest.Result) async throws -> Value
    ) async throws -> Value {
        let digest: PartDigest.Result
        do {
            digest = try await sync(last)
        } catch {
            await abort()
            throw error
        }
        do {
            let value = try await recording(digest)
            await end()
            return value
        } catch {
            // After any other error, the record may have been committed, so the bytes are kept.
            if error is PontoonError { await dropBytes() }
            await end()
            throw error
        }
    }

    func abort() async {
        await dropBytes()
        await end()
    }

    /// Writes the last bytes, enters the barrier and, with durability `power`, makes all bytes of the part durable.
    private func sync(_ last: ByteBuffer?) async throws -> PartDigest.Result {
        if let last {
            guard state.withLock({ $0.written == 0 }) else {
                try await write(last)
                return try await sync(nil)
            }
            // A small part in a single chunk is written and synced in one step, bypassing the queue, because it does
            // not delay other writers for long.
            return try await store.executor.run {
                try self.writers.write { try self.state.withLock { try self.write(last, &$0) } }
                return try self.state.withLock { try self.sync(&$0) }
            }
        }
        return try await store.executor.run { try self.state.withLock { try self.sync(&$0) } }
    }

    private func sync(_ state: inout State) throws -> PartDigest.Result {
        // The writer stays inside the barrier until the part is recorded, because finishing the upload may truncate
        // bytes without a record.
        try writers.beginWrite()
        state.isInsideBarrier = true
        if let file = state.file {
            if var direct = state.direct.take() { try mapDiskFull { try direct.finish(cached: file) } }
            if store.isDurable { try mapDiskFull { try file.syncData() } }
            state.file = nil
            try file.close()
        }
        return state.digest.finish()
    }

    /// Removes the file of a detached part, or frees the space that an in-place part uses beyond the preallocated
    /// range.
    ///
    /// Ignores errors, because the bytes have no record, and the file of a detached part is removed with its upload.
    private func dropBytes() async {
        _ = try? await store.executor.run {
            try self.state.withLock { state in
                guard state.isTouched else { return }
                if case .detached = self.location {
                    try FileSystem.unlink(self.path)
                    return
                }
                let (from, end) = (max(self.start, state.preallocatedEnd ?? 0), self.start + state.written)
                guard from < end else { return }
                let file = try DiskFile.open(self.path, .readWrite, options: .closeOnExec)
                try file.closeAfter {
                    if state.isInsideBarrier { return try file.punchHole(offset: from, count: end - from) }
                    try self.writers.write { try file.punchHole(offset: from, count: end - from) }
                }
            }
        }
    }

    /// Leaves the barrier, closes the file, and releases the reservation.
    private func end() async {
        let file = state.withLock { state in
            if state.isInsideBarrier { writers.endWrite() }
            state.isInsideBarrier = false
            state.direct.take()?.close()
            return state.file.take()
        }
        // A synced file is already closed.
        if let file { _ = try? await store.executor.run { try file.close() } }
        if location == .inPlace { writers.release(number) }
        store.writers.leave(key, writers)
    }
}
