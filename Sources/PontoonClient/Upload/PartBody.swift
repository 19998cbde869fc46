import NIOCore
import NIOPosix
import PontoonCore
import Synchronization

/// The body of one part's `PUT` request, which reads and hashes the file in chunks as the connection requests them.
///
/// Chunks are read into two alternating buffers, on the thread pool for blocking file calls.
final class PartBody: Sendable {
    private struct State {
        var offset: Int64
        var digest: RangeDigest
        /// Two buffers, used alternately to avoid an allocation per chunk.
        var buffers = [ByteBuffer(), ByteBuffer()]
        var turn = 0
        var chunkSize: Int
        var lastRead = ContinuousClock.now
        var chunkStart = ContinuousClock.now
    }

    let range: Range<Int64>
    private let source: SourceFile
    private let threads: NIOThreadPool
    private let bandwidth: TokenBucket?
    private let maximumChunkSize: Int
    private let sent: @Sendable (Int64) -> Void
    private let state: Mutex<State>

    /// Creates the body of a part.
    ///
    /// - Parameters:
    ///   - range: Byte range of the part in the file.
    ///   - source: The file.
    ///   - md5: Whether to compute the MD5 as well.
    ///   - context: Provides the thread pool and the memory and bandwidth limits.
    ///   - sent: Called with the length in bytes of each chunk that is passed to the connection.
    init(
        _ range: Range<Int64>,
        of source: SourceFile,
        md5: Bool,
        context: TransferContext<UploadItem>,
        sent: @escaping @Sendable (Int64) -> Void
    ) {
        self.range = range
        self.source = source
        self.sent = sent
        threads = context.threads
        bandwidth = context.bandwidth
        maximumChunkSize = min(context.memory.chunkSize, context.bandwidth?.quantum ?? .max)
        state = Mutex(
            State(
                offset: range.lowerBound,
                digest: RangeDigest(md5: md5),
                chunkSize: min(maximumChunkSize, 256 << 10)
            )
        )
    }

    /// Checksums of the bytes passed to the connection so far.
    var digest: RangeDigest { state.withLock { $0.digest } }
    /// Number of bytes passed to the connection so far.
    var sentBytes: Int64 { state.withLock { $0.offset - range.lowerBound } }
    /// Time since bytes were last passed to the connection; before the first bytes, since the body was created.
    var idleTime: Duration { state.withLock { .now - $0.lastRead } }

    /// Waits for the bandwidth limit, then reads and hashes the next chunk.
    ///
    /// Must not be called concurrently.
    ///
    /// - Returns: The chunk; `nil` at the end of the part.
    /// - Throws: `.fileChanged` if the file has become shorter, `.fileUnreadable`; `CancellationError`.
    func next() async throws -> ByteBuffer? {
        let count = state.withLock { state in
            adaptChunkSize(&state)
            return Int(min(Int64(state.chunkSize), range.upperBound - state.offset))
        }
        guard count > 0 else { return nil }
        if let bandwidth { try await bandwidth.take(count) }
        let buffer = try await threads.runIfActive { try self.read(count) }
        sent(Int64(buffer.readableBytes))
        return buffer
    }

    /// Reads the whole body of a part of at most ``MemoryBudget/chunkSize`` bytes.
    ///
    /// Must be called instead of ``next()``.
    ///
    /// - Returns: The body.
    /// - Throws: The errors of ``next()``.
    func readAll() async throws -> ByteBuffer {
        var bytes = try await next() ?? ByteBuffer()
        while let more = try await next() { bytes.writeImmutableBuffer(more) }
        return bytes
    }

    private func read(_ count: Int) throws -> ByteBuffer {
        try state.withLock { state in
            let turn = state.turn
            state.turn = 1 - turn
            state.buffers[turn].clear(minimumCapacity: count)
            let offset = state.offset
            var digest = state.digest
            try state.buffers[turn].writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
                let chunk = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
                try source.read(at: offset, into: chunk)
                digest.update(UnsafeRawBufferPointer(chunk))
                return count
            }
            state.digest = digest
            state.offset += Int64(count)
            state.lastRead = .now
            return state.buffers[turn]
        }
    }

    /// Doubles the chunk size on a fast connection, to reduce overhead; halves it on a slow one, to report progress
    /// more often.
    private func adaptChunkSize(_ state: inout State) {
        let now = ContinuousClock.now
        let time = now - state.chunkStart
        state.chunkStart = now
        if time > .milliseconds(500) {
            state.chunkSize = max(16 << 10, state.chunkSize / 2)
        } else if time < .milliseconds(100) {
            state.chunkSize = min(maximumChunkSize, state.chunkSize * 2)
        }
    }
}

extension PartBody {
    /// The chunks as an asynchronous sequence for the HTTP client.
    struct Chunks: AsyncSequence, AsyncIteratorProtocol, Sendable {
        typealias Element = ByteBuffer

        let body: PartBody

        func makeAsyncIterator() -> Chunks { self }
        mutating func next() async throws -> ByteBuffer? { try await body.next() }
    }
}
