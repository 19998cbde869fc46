import NIOCore
import NIOPosix
import PontoonCore
import Synchronization

/// The destination of downloaded bytes.
protocol RangeDestination: Sendable {
    /// Writes bytes at an offset in the file.
    ///
    /// ``RangeWriter`` calls it in the order of the offsets, without gaps. May block the calling thread.
    ///
    /// - Throws: Any error, with which the download of the range fails.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws
}

/// A writer that stores the bytes of one range as they arrive, computes their checksum, and tracks the offset at which
/// a retry continues.
///
/// Bytes are buffered into chunks, which are hashed and written on the thread pool for blocking file calls. The methods
/// that add or write bytes must not be called concurrently.
final class RangeWriter: Sendable {
    private struct State {
        var offset: Int64
        var crc64 = CRC64NVME()
        var gathered = ByteBuffer()
        /// Time at which the download began to wait for data; `nil` while it processes received bytes.
        var waitsSince: ContinuousClock.Instant?
    }

    let range: Range<Int64>
    private let destination: any RangeDestination
    private let threads: NIOThreadPool
    private let chunkSize: Int
    private let written: @Sendable (Int64) -> Void
    private let state: Mutex<State>

    /// Creates a writer for a range.
    ///
    /// - Parameters:
    ///   - range: Byte range in the file.
    ///   - destination: The file or memory to write to.
    ///   - context: Provides the thread pool and the chunk size.
    ///   - written: Called after each write with the number of bytes written.
    init(
        _ range: Range<Int64>,
        into destination: any RangeDestination,
        context: TransferContext<DownloadItem>,
        written: @escaping @Sendable (Int64) -> Void
    ) {
        self.range = range
        self.destination = destination
        self.written = written
        threads = context.threads
        chunkSize = context.memory.chunkSize
        state = Mutex(State(offset: range.lowerBound))
    }

    /// Number of bytes written so far.
    var writtenBytes: Int64 { state.withLock { $0.offset - range.lowerBound } }
    /// The byte range that has not been written yet.
    var missing: Range<Int64> { state.withLock { $0.offset..<range.upperBound } }
    var isComplete: Bool { missing.isEmpty }
    /// Checksum of the bytes written so far.
    var crc64: CRC64NVME { state.withLock { $0.crc64 } }
    /// How long the download has been waiting for data; zero while it processes received bytes.
    var idleTime: Duration { state.withLock { state in state.waitsSince.map { .now - $0 } ?? .zero } }

    func connectionWaits() { state.withLock { $0.waitsSince = .now } }
    func connectionDelivered() { state.withLock { $0.waitsSince = nil } }

    /// Buffers bytes, and writes them once a chunk is full.
    ///
    /// - Throws: ``TransportFailure`` if the bytes exceed the range; the errors of the destination.
    func append(_ bytes: ByteBuffer) async throws {
        let (count, isTooMuch) = state.withLock { state in
            state.gathered.writeImmutableBuffer(bytes)
            let count = state.gathered.readableBytes
            return (count, state.offset + Int64(count) > range.upperBound)
        }
        guard !isTooMuch else {
            state.withLock { $0.gathered.clear() }
            throw TransportFailure(kind: .connectionLost, reason: "the response is longer than requested")
        }
        if count >= chunkSize { try await flush() }
    }

    /// Writes the buffered bytes on the thread pool for blocking file calls.
    ///
    /// - Throws: The errors of the destination.
    func flush() async throws {
        let bytes = state.withLock { state in
            defer { state.gathered = ByteBuffer() }
            return state.gathered
        }
        guard bytes.readableBytes > 0 else { return }
        try await threads.runIfActive { [self] in
            let (offset, crc64) = state.withLock { ($0.offset, $0.crc64) }
            var sum = crc64
            try bytes.withUnsafeReadableBytes { bytes in
                sum.update(bytes)
                try destination.write(bytes, at: offset)
            }
            state.withLock { state in
                state.offset += Int64(bytes.readableBytes)
                state.crc64 = sum
            }
        }
        written(Int64(bytes.readableBytes))
    }
}
