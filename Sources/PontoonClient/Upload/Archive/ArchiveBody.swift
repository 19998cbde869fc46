import NIOCore
import NIOPosix
import PontoonCore
import Synchronization

/// The streamed body of an archive put: a tar archive of many small files, generated as the connection consumes it.
///
/// Reads each file completely before writing its entry. A file is omitted if reading it fails, or if the file or its
/// labels are too large for an archive.
final class ArchiveBody: Sendable {
    /// A file in the archive.
    struct Entry: Sendable {
        let size: Int64
        let crc64: CRC64NVME
        let hasLabels: Bool
        /// Identity of the file for the log of finished uploads; `nil` if there is no state directory.
        let identity: FileIdentity?
    }

    /// The result of reading a file for the archive.
    enum Packed: Sendable {
        case sent(Entry)
        /// The file or its labels are too large for an archive, so the file must be sent separately.
        case unsuitable
        case failed(any Error)
    }

    private struct State {
        var position = 0
        var isAtEnd = false
        var packed: [Int: Packed] = [:]
        var lastProgress = ContinuousClock.now
    }

    /// Number of bytes requested from the bandwidth limit at a time.
    ///
    /// Each granted request counts as progress, so that a low limit does not look like a stall.
    private static let bandwidthStep = 16 << 10

    private let job: UploadJob
    private let files: [TransferFile<UploadItem>]
    private let chunkSize: Int
    private let state = Mutex(State())

    /// Creates a body whose entries have the order of `files`.
    init(_ files: [TransferFile<UploadItem>], job: UploadJob) {
        self.files = files
        self.job = job
        chunkSize = min(job.context.memory.chunkSize, 256 << 10)
    }

    /// Whether the end of the archive has been generated.
    ///
    /// The last chunk may still be waiting for the bandwidth limit.
    var isAtEnd: Bool { state.withLock { $0.isAtEnd } }
    /// Time since the bandwidth limit last admitted bytes, bytes were last passed to the connection, or response data
    /// last arrived.
    var idleTime: Duration { state.withLock { .now - $0.lastProgress } }

    /// Records the arrival of response data, which counts as progress.
    func noteResponse() { state.withLock { $0.lastProgress = .now } }

    /// Returns the result of reading the file with this index in the run; `nil` if it has not been read.
    subscript(index: Int) -> Packed? { state.withLock { $0.packed[index] } }

    /// Reads the next files, waits for the bandwidth limit, and returns the next bytes of the archive.
    ///
    /// Must not be called concurrently. A file that cannot be read does not cause an error; see ``Packed``.
    ///
    /// - Returns: `nil` at the end of the archive.
    /// - Throws: `CancellationError`.
    func next() async throws -> ByteBuffer? {
        if isAtEnd { return nil }
        try Task.checkCancellation()
        let (chunk, sent) = try await job.threads.runIfActive { self.read() }
        for (file, size) in sent {
            file.progress.opened(size: size)
            await file.announceWhole(size: size)
            file.progress.transferred(size)
        }
        if let bandwidth = job.context.bandwidth {
            var left = chunk.readableBytes
            while left > 0 {
                let count = min(left, Self.bandwidthStep)
                try await bandwidth.take(all: count)
                left -= count
                state.withLock { $0.lastProgress = .now }
            }
        }
        state.withLock { $0.lastProgress = .now }
        return chunk
    }

    private func read() -> (ByteBuffer, [(TransferFile<UploadItem>, Int64)]) {
        var chunk = ByteBufferAllocator().buffer(capacity: chunkSize)
        var sent: [(TransferFile<UploadItem>, Int64)] = []
        var position = state.withLock { $0.position }
        while position < files.count, chunk.readableBytes < chunkSize {
            let file = files[position]
            let packed: Packed
            do {
                packed = try pack(file.item, into: &chunk)
            } catch {
                packed = .failed(error)
            }
            if case .sent(let entry) = packed { sent.append((file, entry.size)) }
            state.withLock { $0.packed[file.index] = packed }
            position += 1
        }
        let isAtEnd = position == files.count
        if isAtEnd { TarWriter.appendTrailer(to: &chunk) }
        state.withLock { ($0.position, $0.isAtEnd) = (position, isAtEnd) }
        return (chunk, sent)
    }

    private func pack(_ item: UploadItem, into chunk: inout ByteBuffer) throws -> Packed {
        let source = try SourceFile(item.source, isUploaded: true, mayChange: job.options.allowsChangingFiles)
        defer { source.closeAfterReading() }
        var start = UploadStart(destination: job.options.destination, name: item.name, size: source.facts.size)
        (start.tags, start.metadata) = (item.tags, job.options.metadata(of: item, source))
        let labels = try start.labels
        guard job.wholeFiles.contains(source.facts.size), labels?.utf8.count ?? 0 <= UploadJob.maximumLabels else {
            return .unsuitable
        }
        let (content, crc64) = try source.content()
        try source.checkUnchanged()
        let identity = try job.state.map { _ in FileIdentity(facts: source.facts, sample: try source.sample(crc64)) }
        var records = [(key: "PONTOON.checksum", value: crc64.base64)]
        if let labels { records.append(("PONTOON.labels", labels)) }
        // The entry is written last, so that a file that cannot be read or has changed is not in the archive.
        TarWriter.append(item.remotePath, records: records, content: content, to: &chunk)
        return .sent(Entry(size: source.facts.size, crc64: crc64, hasLabels: labels != nil, identity: identity))
    }
}

extension ArchiveBody {
    /// The bytes as an asynchronous sequence for the HTTP client.
    struct Chunks: AsyncSequence, AsyncIteratorProtocol, Sendable {
        typealias Element = ByteBuffer

        let body: ArchiveBody

        func makeAsyncIterator() -> Chunks { self }
        mutating func next() async throws -> ByteBuffer? { try await body.next() }
    }
}
