import NIOCore
package import PontoonCore
import Synchronization
import SystemPackage

/// A writer of a whole object.
///
/// It writes to a file in the directory of unfinished uploads, and then creates the final name of the object as a hard
/// link to this file. The first name is a marker: it marks the object as unconfirmed until the record of the object is
/// committed, so that recovery finds the object. The file system's journal keeps the order of the two names, so the
/// marker is durable if the final name is.
final class DiskObjectWriter: ObjectWriter {
    private struct State {
        var digest: PartDigest
        var file: DiskFile?
        /// Number of bytes written.
        var written: Int64 = 0
        /// Number of bytes whose write-back has been started.
        var flushed: Int64 = 0
    }

    private let key: ObjectKey
    private let store: DiskObjectStore
    /// The mutable state.
    ///
    /// Only one task at a time uses the writer, so holding this lock during a long write blocks no other task.
    private let state: Mutex<State>

    private var path: FilePath { store.layout.unconfirmed(key) }

    init(_ key: ObjectKey, store: DiskObjectStore, expecting expected: ExpectedChecksums) {
        self.key = key
        self.store = store
        state = Mutex(State(digest: PartDigest(expecting: expected)))
    }

    func write(_ bytes: ByteBuffer) async throws {
        try await store.executor.run { try self.state.withLock { try self.write(bytes, &$0) } }
    }

    private func write(_ bytes: ByteBuffer, _ state: inout State) throws {
        try store.checkRoom(for: Int64(bytes.readableBytes), else: .storageFull)
        try mapDiskFull {
            let file = try state.file ?? store.create(path)
            state.file = file
            try bytes.withUnsafeReadableBytes { bytes in
                state.digest.update(bytes)
                try file.writeAll(bytes)
            }
            state.written += Int64(bytes.readableBytes)
            if store.isDurable, state.written - state.flushed >= DiskPartWriter.flushStride {
                try file.startWriting(offset: state.flushed, count: state.written - state.flushed)
                state.flushed = state.written
            }
        }
    }

    func commit(
        last: ByteBuffer?,
        recording: (PartDigest.Result) async throws -> AddedFile
    ) async throws -> AddedFile {
        let digest: PartDigest.Result
        do {
            digest = try await store.executor.run { try self.state.withLock { try self.finish(last, &$0) } }
            if store.isDurable { try await store.syncNames(in: store.layout.objectDirectory(key)) }
        } catch {
            await remove()
            throw error
        }
        do {
            let added = try await recording(digest)
            switch added {
            case .added: _ = try? await store.confirm([key])  // If this fails, the next start confirms the object.
            case .skipped: await remove()
            }
            return added
        } catch {
            // After any other error, the record may have been committed, so the object and its marker are kept.
            if error is PontoonError { await remove() }
            throw error
        }
    }

    func abort() async { await remove() }

    /// Writes the last bytes, compares the checksums, makes the bytes durable, and adds the name of the object.
    private func finish(_ last: ByteBuffer?, _ state: inout State) throws -> PartDigest.Result {
        try write(last ?? ByteBuffer(), &state)
        let digest = state.digest.finish()
        try digest.requireMatch()
        guard let file = state.file.take() else { throw TruncatedFile() }
        let directory = store.layout.objectDirectory(key)
        try mapDiskFull {
            try file.closeAfter {
                try store.createDurableDirectory(directory)
                try store.nameObject(key)
                if store.isDurable { try file.syncData() }
            }
        }
        return digest
    }

    /// Removes the object and its marker.
    ///
    /// Ignores errors, because the next start of the server removes objects that have a marker but no record.
    private func remove() async {
        _ = try? await store.executor.run {
            if let file = self.state.withLock({ $0.file.take() }) { try? file.close() }
            try? FileSystem.unlink(self.store.layout.object(self.key))
            try? FileSystem.unlink(self.path)
        }
    }
}

extension DiskObjectStore {
    package func openWriter(of key: ObjectKey, expecting expected: ExpectedChecksums) -> any ObjectWriter {
        DiskObjectWriter(key, store: self, expecting: expected)
    }

    package func unconfirmedObjects() async throws -> [ObjectKey] {
        try await executor.run { [layout] in
            try Directory.entries(layout.uploads).compactMap { name in
                guard name.hasSuffix(DiskLayout.unconfirmedSuffix) else { return nil }
                return ObjectKey(String(name.dropLast(DiskLayout.unconfirmedSuffix.count)))
            }
        }
    }

    package func confirm(_ keys: [ObjectKey]) async throws {
        try await executor.run { [layout] in for key in keys { try FileSystem.unlink(layout.unconfirmed(key)) } }
    }
}
