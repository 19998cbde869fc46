import NIOCore
import PontoonCore
import PontoonFoundation
import Synchronization

/// A small file whose bytes are in memory, to be sent with one call.
struct WholeFile: Sendable {
    let content: ByteBuffer
    let crc64: CRC64NVME
    /// Identity of the file for the log of finished uploads; `nil` if there is no state directory.
    let identity: FileIdentity?
    /// The request, without ``UploadStart/overwrite``, which is set before the request is sent.
    let start: UploadStart
}

extension UploadJob {
    /// Maximum length in bytes of the labels of a file that is sent with one call or in an archive, as JSON.
    ///
    /// The server limits the labels' header to 16 KiB.
    static var maximumLabels: Int { 8 << 10 }

    /// Returns whether a file is sent with one call, rather than in parts.
    ///
    /// A file is sent in parts if it is too long, if an earlier run left a journal of it, or if the user wants to
    /// resume an upload by its id or adopt uploads.
    func isSentWhole(_ item: UploadItem, _ facts: FileFacts) -> Bool {
        wholeFiles.contains(facts.size) && options.uploadID == nil && !options.adoptsUploads
            && (journals.isEmpty || !journals.contains(key(item).fileName))
    }
}

extension FileUpload {
    /// Reads a file that is to be sent with one call.
    ///
    /// Blocks the calling thread.
    ///
    /// - Returns: `nil` if its labels are longer than ``UploadJob/maximumLabels``.
    /// - Throws: `.fileChanged`, `.fileUnreadable`.
    func wholeFile(_ source: SourceFile) throws -> WholeFile? {
        var start = UploadStart(destination: destination, name: item.name, size: source.facts.size)
        (start.tags, start.metadata) = (item.tags, metadata(of: source))
        guard try start.labels?.utf8.count ?? 0 <= UploadJob.maximumLabels else { return nil }
        let (content, crc64) = try source.content()
        if job.options.computesMD5 { start.md5 = try source.wholeMD5() }
        // Check before the bytes are sent, because the uploaded file is visible as soon as they have arrived.
        try source.checkUnchanged()
        let identity = try job.state.map { _ in FileIdentity(facts: source.facts, sample: try source.sample(crc64)) }
        return WholeFile(content: content, crc64: crc64, identity: identity, start: start)
    }

    /// Sends a small file with one call, unless the destination has an identical file.
    ///
    /// - Returns: `nil` if the file must be sent in parts, because the server or a proxy refused the call but not the
    ///   file.
    /// - Throws: ``APIError``, ``ClientError``; `CancellationError`.
    func send(_ whole: WholeFile, _ source: SourceFile) async throws -> TransferEnding? {
        if job.options.comparesExisting, let existing, let completed = try await completed(by: existing, source) {
            return try await finish(completed, source, nil, identity: whole.identity, outcome: .alreadyThere)
        }
        await file.announceWhole(size: source.facts.size)
        try await job.context.bandwidth?.take(all: whole.content.readableBytes)
        let size = source.facts.size
        var start = whole.start
        start.overwrite = mustReplace
        file.progress.transferred(size)
        do {
            let put = FilePut(start: start, content: whole.content, crc64: whole.crc64)
            switch try await claimName(start, source, { try await client.putFile(put.with($0)) }) {
            case .identical(let completed):
                return try await finish(completed, source, nil, identity: whole.identity, outcome: .alreadyThere)
            case .claimed(let details):
                let isSame = try hasSameChecksum(details, whole.crc64, size: size)
                await file.noteWholeStored(size: size, crc64: whole.crc64.hex)
                let completed = CompletedUpload(
                    details: details,
                    crc64: whole.crc64,
                    verification: isSame ? .file : .size
                )
                return try await finish(completed, source, nil, identity: whole.identity, outcome: .transferred)
            }
        } catch let error as APIError where job.wholeFiles.excludes(error, size: size) {
            file.progress.discarded(size)
            return nil
        }
    }
}

extension TransferFile<UploadItem> {
    /// Resets the progress of a file that is sent with one call or in an archive, and emits its `started` event.
    func announceWhole(size: Int64) async {
        progress.started(parts: 1)
        await context.emit(
            .started(
                UploadEvent.Start(
                    index: index,
                    item: item,
                    size: size,
                    parts: 1,
                    partSize: size,
                    resumedParts: 0,
                    resumedBytes: 0,
                    uploadID: nil
                )
            )
        )
    }

    /// Counts the only part of a file that was sent with one call or in an archive, and emits its `partStored` event.
    func noteWholeStored(size: Int64, crc64: String) async {
        progress.storedPart()
        await context.emit(.partStored(UploadEvent.Part(index: index, number: 1, offset: 0, size: size, etag: crc64)))
    }
}

extension SourceFile {
    /// Reads the whole file into memory.
    ///
    /// Blocks the calling thread. Use it for small files only.
    ///
    /// - Returns: The bytes and their CRC-64/NVME.
    /// - Throws: `.fileChanged` if the file became shorter; `.fileUnreadable`.
    func content() throws -> (bytes: ByteBuffer, crc64: CRC64NVME) {
        let count = Int(facts.size)
        var (buffer, crc64) = (ByteBufferAllocator().buffer(capacity: count), CRC64NVME())
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            let bytes = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
            try read(at: 0, into: bytes)
            crc64.update(UnsafeRawBufferPointer(bytes))
            return count
        }
        return (buffer, crc64)
    }
}

extension FilePut {
    /// Returns a copy of the request with a different `start`.
    fileprivate func with(_ start: UploadStart) -> FilePut {
        var put = self
        put.start = start
        return put
    }
}

/// The maximum length of the files that are sent with one call.
///
/// It is lowered if the server, or a proxy in front of it, does not support the call or refuses a file because of its
/// length.
final class WholeFileLimit: Sendable {
    private let limit: Mutex<Int64>

    /// Creates a limit in bytes; `nil` if every file is sent in parts.
    init(_ limit: Int?) { self.limit = Mutex(limit.map { Int64($0) } ?? -1) }

    /// The maximum length in bytes; -1 if every file is sent in parts.
    var maximum: Int64 { limit.withLock { $0 } }

    /// Returns whether a file of this length in bytes may be sent with one call.
    func contains(_ size: Int64) -> Bool { limit.withLock { size <= $0 } }

    /// Returns whether an error response refuses only the file put, not the file itself.
    ///
    /// Lowers the limit if the response applies to other files too.
    ///
    /// - Parameters:
    ///   - error: The error response.
    ///   - size: Length of the file in bytes.
    /// - Returns: `true` if the file must be sent in parts; `false` if its upload has failed.
    func excludes(_ error: APIError, size: Int64) -> Bool {
        switch (error.status, error.code) {
        case (404, nil), (404, 90_003), (405, _), (501, _):
            // The server was downgraded, or the request reached another server that does not support the call.
            limit.withLock { $0 = -1 }
            return true
        case (413, _):
            limit.withLock { $0 = min($0, size - 1) }
            return true
        case (403, nil), (411, _), (400, nil), (400, 90_000):
            // A firewall refused the call, or bytes were lost or corrupted in transit.
            return true
        default: return false
        }
    }
}
