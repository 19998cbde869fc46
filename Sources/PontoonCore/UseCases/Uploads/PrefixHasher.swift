import Crypto
import PontoonFoundation
import NIOCore

/// A hasher that computes the MD5 of uploads incrementally, while their parts arrive.
///
/// It is used for uploads that declare an MD5. It hashes the stored parts of an upload in order, up to the first
/// missing part, so that few bytes remain to be read when the upload is completed. The progress is stored only in
/// memory, so hashing starts again at part 1 after a restart.
package actor PrefixHasher {
    private struct Progress: Sendable {
        var md5 = Insecure.MD5()
        var parts: [PartRecord] = []
    }

    private let metadata: any UploadStore & PartStore
    private let objects: any StreamingObjectStore
    private var progress: [String: Progress] = [:]
    private var locked: Set<String> = []
    /// Ids of the uploads that were completed or aborted while their progress was locked.
    ///
    /// The progress is discarded when it is unlocked.
    private var ended: Set<String> = []
    private var waiters: [String: [CheckedContinuation<Void, Never>]] = [:]
    private var pending: [String: Upload] = [:]
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// Number of bytes read at a time.
    private static let chunkSize = 1 << 20

    package init(metadata: any UploadStore & PartStore, objects: any StreamingObjectStore) {
        self.metadata = metadata
        self.objects = objects
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Number of uploads whose progress is in memory.
    package var count: Int { progress.count }

    /// Schedules the hashing of an upload after one of its parts was stored, and returns immediately.
    package func partStored(of upload: Upload) {
        pending[upload.id] = upload
        signal.yield()
    }

    /// Discards the progress of an upload that was completed or aborted.
    package func forget(_ uploadID: String) {
        progress[uploadID] = nil
        pending[uploadID] = nil
        if locked.contains(uploadID) { ended.insert(uploadID) }
    }

    /// Discards the progress of uploads that no longer exist.
    ///
    /// For example, an upload may have expired, or been deleted by another process or with its project or upload link.
    ///
    /// - Throws: An error if the metadata store is unavailable.
    package func forgetAborted() async throws {
        for id in progress.keys where try await metadata.upload(id) == nil { forget(id) }
    }

    /// Hashes the scheduled uploads until cancelled.
    ///
    /// - Parameter report: Called with the id of an upload and the error if its parts cannot be listed or read. When
    ///   the upload is completed, ``digest(of:parts:)`` reads these parts again.
    package func run(report: @Sendable (String, any Error) -> Void) async {
        for await _ in signals {
            while let upload = pending.popFirst()?.value, !Task.isCancelled {
                do {
                    try await withLock(upload.id) { progress in
                        let parts = try await self.metadata.parts(of: upload.id)
                        try await self.advance(&progress, over: Self.contiguous(parts), of: upload)
                    }
                } catch {
                    report(upload.id, error)
                }
            }
        }
    }

    /// Returns the MD5 of parts in the given order as 32 lower-case hex digits.
    ///
    /// Reads only the parts that have not been hashed yet. If the hashed parts are not the first of `parts`, reads all
    /// parts again.
    ///
    /// - Throws: An error if a part cannot be read.
    package func digest(of upload: Upload, parts: [PartRecord]) async throws -> String {
        try await withLock(upload.id) { progress in
            try await self.advance(&progress, over: parts, of: upload)
            if progress.parts.count > parts.count {
                progress = Progress()
                try await self.advance(&progress, over: parts, of: upload)
            }
            return Hex.encode(progress.md5.finalize())
        }
    }

    /// Runs `body` with the upload's progress, after earlier calls for the same upload have finished.
    private func withLock<Value: Sendable>(
        _ uploadID: String,
        _ body: (inout Progress) async throws -> Value
    ) async throws -> Value {
        while locked.contains(uploadID) {
            await withCheckedContinuation { waiters[uploadID, default: []].append($0) }
        }
        locked.insert(uploadID)
        defer {
            locked.remove(uploadID)
            for waiter in waiters.removeValue(forKey: uploadID) ?? [] { waiter.resume() }
        }
        var current = progress[uploadID] ?? Progress()
        defer { if ended.remove(uploadID) == nil { progress[uploadID] = current } }
        return try await body(&current)
    }

    private nonisolated func advance(_ progress: inout Progress, over parts: [PartRecord], of upload: Upload)
        async throws
    {
        let isPrefix = zip(progress.parts, parts).allSatisfy { Self.isSame($0, $1) }
        if !isPrefix { progress = Progress() }
        for part in parts.dropFirst(progress.parts.count) {
            var md5 = progress.md5
            let reader = try await objects.readPart(part, of: upload)
            try await withClosing(reader, close: { await $0.close() }) { reader in
                try await reader.forEachChunk(of: Self.chunkSize) { bytes in
                    bytes.withUnsafeReadableBytes { md5.update(bufferPointer: $0) }
                }
            }
            progress.md5 = md5
            progress.parts.append(part)
        }
    }

    private static func contiguous(_ parts: [PartRecord]) -> [PartRecord] {
        zip(parts, 1...).prefix { $0.number.rawValue == $1 }.map(\.0)
    }

    /// Returns whether two records refer to the same bytes.
    ///
    /// If a part was sent again, the records have different times even if their ETags are equal.
    private static func isSame(_ left: PartRecord, _ right: PartRecord) -> Bool {
        left.number == right.number && left.etag == right.etag && left.storedOn == right.storedOn
            && left.location == right.location
    }
}
