import NIOCore
import NIOPosix
import PontoonCore
import Synchronization

/// The bytes of one range as they arrive, their checksum, and where they stopped when a connection broke.
///
/// They are gathered, hashed and written on a thread for file calls; what one connection brought in vain for another
/// reason than its bytes is not asked for again.
final class RangeArrival: Sendable {
    private struct State {
        var offset: Int64
        var crc64 = CRC64NVME()
        var gathered = ByteBuffer()
        /// When the connection was last waited for; `nil` while the bytes are ours to deal with.
        var waitsSince: ContinuousClock.Instant?
    }

    let range: Range<Int64>
    private let partial: PartialFile
    private let threads: NIOThreadPool
    private let moved: @Sendable (Int64) -> Void
    private let state: Mutex<State>

    /// Takes the range and where it goes; `moved` is told of bytes that were written.
    init(
        _ range: Range<Int64>,
        into partial: PartialFile,
        threads: NIOThreadPool,
        moved: @escaping @Sendable (Int64) -> Void
    ) {
        self.range = range
        self.partial = partial
        self.threads = threads
        self.moved = moved
        state = Mutex(State(offset: range.lowerBound))
    }

    /// Bytes that were written.
    var received: Int64 { state.withLock { $0.offset - range.lowerBound } }
    /// What is still to come.
    var missing: Range<Int64> { state.withLock { $0.offset..<range.upperBound } }
    /// Whether nothing is.
    var isWhole: Bool { missing.isEmpty }
    /// Checksum of what was written.
    var crc64: CRC64NVME { state.withLock { $0.crc64 } }
    /// For how long the connection has brought nothing.
    var waitingTime: Duration { state.withLock { state in state.waitsSince.map { .now - $0 } ?? .zero } }

    /// The connection is waited for from now on.
    func waits() { state.withLock { $0.waitsSince = .now } }
    /// It brought something.
    func moves() { state.withLock { $0.waitsSince = nil } }

    /// Takes bytes behind those that came before.
    ///
    /// - Throws: ``TransportFailure`` for more than were asked for; `.diskFull`, `.fileUnwritable`.
    func take(_ bytes: ByteBuffer, flushingAt most: Int) async throws {
        let (count, isTooMuch) = state.withLock { state in
            state.gathered.writeImmutableBuffer(bytes)
            let count = state.gathered.readableBytes
            return (count, state.offset + Int64(count) > range.upperBound)
        }
        guard !isTooMuch else {
            state.withLock { $0.gathered.clear() }
            throw TransportFailure(kind: .connectionLost, reason: "the answer is longer than what was asked for")
        }
        if count >= most { try await flush() }
    }

    /// Writes what was gathered.
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
                try partial.write(bytes, at: offset)
            }
            state.withLock { state in
                state.offset += Int64(bytes.readableBytes)
                state.crc64 = sum
            }
        }
        moved(Int64(bytes.readableBytes))
    }
}
