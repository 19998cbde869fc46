import NIOCore
import NIOPosix
import PontoonCore
import Synchronization

/// The bytes of one part on their way from the file to the connection, and their checksums.
///
/// A chunk is read and hashed on a thread for file calls when the connection wants it: never more than two are in
/// memory.
final class PartBody: Sendable {
    private struct State {
        var offset: Int64
        var digest: RangeDigest
        /// Used in turn, so that memory is not asked for again with every chunk.
        var buffers = [ByteBuffer(), ByteBuffer()]
        var turn = 0
        var chunk: Int
        var movedAt = ContinuousClock.now
        var chunkBegan = ContinuousClock.now
    }

    let range: Range<Int64>
    private let file: SourceFile
    private let lanes: Lanes
    private let moved: @Sendable (Int64) -> Void
    private let state: Mutex<State>

    /// What all parts share.
    struct Lanes: Sendable {
        let threads: NIOThreadPool
        /// Most bytes read at once.
        let chunk: Int
        let bucket: TokenBucket?
    }

    /// Takes a range of a file; `moved` is told of the bytes that were handed over.
    init(
        _ range: Range<Int64>,
        of file: SourceFile,
        md5: Bool,
        lanes: Lanes,
        moved: @escaping @Sendable (Int64) -> Void
    ) {
        self.range = range
        self.file = file
        self.lanes = lanes
        self.moved = moved
        let chunk = min(lanes.chunk, 256 << 10, lanes.bucket?.quantum ?? .max)
        state = Mutex(State(offset: range.lowerBound, digest: RangeDigest(md5: md5), chunk: chunk))
    }

    /// Checksums of the bytes handed over so far.
    var digest: RangeDigest { state.withLock { $0.digest } }
    /// Bytes handed over so far.
    var sent: Int64 { state.withLock { $0.offset - range.lowerBound } }
    /// How long ago the last bytes were handed over.
    var idleTime: Duration { state.withLock { .now - $0.movedAt } }

    /// The next bytes; `nil` at the end.
    func next() async throws -> ByteBuffer? {
        let count = state.withLock { state in
            Self.adapt(&state, lanes: lanes)
            return Int(min(Int64(state.chunk), range.upperBound - state.offset))
        }
        guard count > 0 else { return nil }
        if let bucket = lanes.bucket { try await bucket.take(count) }
        let buffer = try await lanes.threads.runIfActive { try self.read(count) }
        moved(Int64(buffer.readableBytes))
        return buffer
    }

    private func read(_ count: Int) throws -> ByteBuffer {
        try state.withLock { state in
            let turn = state.turn
            state.turn = 1 - turn
            state.buffers[turn].clear(minimumCapacity: count)
            let offset = state.offset
            var digest = state.digest
            try state.buffers[turn].writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
                let piece = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
                try file.read(at: offset, into: piece)
                digest.update(UnsafeRawBufferPointer(piece))
                return count
            }
            state.digest = digest
            state.offset += Int64(count)
            state.movedAt = .now
            return state.buffers[turn]
        }
    }

    /// Larger chunks on a fast connection cost less; small ones on a slow connection show that something moves.
    private static func adapt(_ state: inout State, lanes: Lanes) {
        let now = ContinuousClock.now
        let time = now - state.chunkBegan
        state.chunkBegan = now
        let most = min(lanes.chunk, lanes.bucket?.quantum ?? .max)
        if time > .milliseconds(500) {
            state.chunk = max(16 << 10, state.chunk / 2)
        } else if time < .milliseconds(100) {
            state.chunk = min(most, state.chunk * 2)
        }
    }
}

extension PartBody {
    /// The bytes as the HTTP library takes them.
    struct Chunks: AsyncSequence, AsyncIteratorProtocol, Sendable {
        typealias Element = ByteBuffer

        let body: PartBody

        func makeAsyncIterator() -> Chunks { self }
        mutating func next() async throws -> ByteBuffer? { try await body.next() }
    }
}
