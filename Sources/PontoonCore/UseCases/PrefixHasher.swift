import Crypto
import Foundation
import NIOCore

/// Computes the MD5 of uploads that declared one, along the contiguous prefix of their parts while they arrive, so that
/// complete has little left to read.
///
/// Lives in memory only: after a restart the prefix is read again.
package actor PrefixHasher {
    private struct Progress: Sendable {
        var md5 = Insecure.MD5()
        var parts: [PartRecord] = []
    }

    private let metadata: any PartStore
    private let objects: any StreamingObjectStore
    private var progress: [String: Progress] = [:]
    private var busy: Set<String> = []
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]
    private var pending: [String: Upload] = [:]
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// Bytes read at a time.
    private static let chunk = 1 << 20

    /// Reads parts from a store.
    package init(metadata: any PartStore, objects: any StreamingObjectStore) {
        self.metadata = metadata
        self.objects = objects
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Says that a part of an upload was stored; returns at once.
    package func partStored(of upload: Upload) {
        pending[upload.id] = upload
        signal.yield()
    }

    /// Forgets an upload that has ended.
    package func forget(_ uploadID: String) {
        progress[uploadID] = nil
        pending[uploadID] = nil
    }

    /// Hashes in the background until cancelled.
    ///
    /// - Parameter report: Told of a part that could not be read; complete will read it again and answer for it.
    package func run(report: @Sendable (any Error) -> Void) async {
        for await _ in signals {
            while let upload = pending.popFirst()?.value, !Task.isCancelled {
                do {
                    try await exclusively(upload.id) { progress in
                        let parts = try await self.metadata.parts(of: upload.id)
                        try await self.advance(&progress, over: Self.contiguous(parts), of: upload)
                    }
                } catch {
                    report(error)
                }
            }
        }
    }

    /// MD5 of the given parts in order, 32 lower-case hex digits; reads only what was not read before.
    package func digest(of upload: Upload, parts: [PartRecord]) async throws -> String {
        try await exclusively(upload.id) { progress in
            try await self.advance(&progress, over: parts, of: upload)
            if progress.parts.count > parts.count {
                progress = Progress()
                try await self.advance(&progress, over: parts, of: upload)
            }
            return hexDigits(progress.md5.finalize())
        }
    }

    /// Runs with the upload's progress, one caller at a time.
    private func exclusively<Value: Sendable>(
        _ uploadID: String,
        _ body: (inout Progress) async throws -> Value
    ) async throws -> Value {
        while busy.contains(uploadID) {
            await withCheckedContinuation { waiting[uploadID, default: []].append($0) }
        }
        busy.insert(uploadID)
        defer {
            busy.remove(uploadID)
            for waiter in waiting.removeValue(forKey: uploadID) ?? [] { waiter.resume() }
        }
        var mine = progress[uploadID] ?? Progress()
        defer { progress[uploadID] = mine }
        return try await body(&mine)
    }

    private nonisolated func advance(_ progress: inout Progress, over parts: [PartRecord], of upload: Upload)
        async throws
    {
        let isPrefix = zip(progress.parts, parts).allSatisfy { Self.isSame($0, $1) }
        if !isPrefix { progress = Progress() }
        for part in parts.dropFirst(progress.parts.count) {
            var md5 = progress.md5
            let reader = try await objects.readPart(part, of: upload)
            do {
                try await Self.hash(reader, into: &md5)
            } catch {
                await reader.close()
                throw error
            }
            await reader.close()
            progress.md5 = md5
            progress.parts.append(part)
        }
    }

    /// Adds all bytes of an object or part to a hash.
    ///
    /// - Parameters:
    ///   - reader: Is left open.
    ///   - md5: The hash.
    ///   - chunk: Bytes read at a time, 1 or more.
    /// - Throws: What the reader throws.
    static func hash(_ reader: any ObjectReader, into md5: inout Insecure.MD5, chunk: Int = chunk) async throws {
        var offset: Int64 = 0
        while offset < reader.size {
            let count = Int(min(Int64(chunk), reader.size - offset))
            let bytes = try await reader.read(at: offset, count: count)
            guard bytes.readableBytes > 0 else { return }
            bytes.withUnsafeReadableBytes { md5.update(bufferPointer: $0) }
            offset += Int64(bytes.readableBytes)
        }
    }

    private static func contiguous(_ parts: [PartRecord]) -> [PartRecord] {
        zip(parts, 1...).prefix { $0.number.rawValue == $1 }.map(\.0)
    }

    /// The same bytes: a part sent again has another time even if its tag is equal.
    private static func isSame(_ left: PartRecord, _ right: PartRecord) -> Bool {
        left.number == right.number && left.etag == right.etag && left.storedOn == right.storedOn
            && left.place == right.place
    }
}
