import NIOCore

/// A request body that is already in memory, as a sequence of one chunk.
struct OneChunk: AsyncSequence, Sendable {
    let bytes: ByteBuffer

    init(_ bytes: ByteBuffer) { self.bytes = bytes }

    struct AsyncIterator: AsyncIteratorProtocol {
        var bytes: ByteBuffer?

        mutating func next() async -> ByteBuffer? { bytes.take() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytes: bytes) }
}
