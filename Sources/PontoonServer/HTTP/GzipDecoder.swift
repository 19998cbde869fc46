import CGzip
import NIOCore
import PontoonCore

/// A decoder for a body that is compressed with gzip.
///
/// Returns at most 64 KiB at a time, so its memory use does not depend on the compression ratio.
final class GzipDecoder {
    private static let outputSize = 64 << 10

    private let state: OpaquePointer
    private var input = ByteBuffer()
    /// Whether the input so far ends with a complete gzip stream.
    private var isAtEnd = false
    /// Whether the last output was full, so that more may follow without further input.
    private var hasMore = false

    /// - Throws: `.unavailable` if there is not enough memory.
    init() throws(PontoonError) {
        guard let state = cgzip_new() else {
            throw PontoonError(.unavailable, "The server does not have enough memory; try again later.")
        }
        self.state = state
    }

    deinit { cgzip_free(state) }

    /// Adds compressed bytes.
    ///
    /// Must not be called before ``next()`` has returned `nil` for the previous bytes.
    func append(_ bytes: ByteBuffer) { input = bytes }

    /// Returns the next decompressed bytes; `nil` if more input is needed.
    ///
    /// - Throws: `.badRequest` if the input is not gzip or is corrupted.
    func next() throws(PontoonError) -> ByteBuffer? {
        while true {
            // Tape drives and `dd` pad files with zeros, which gzip also ignores.
            if isAtEnd { input.moveReaderIndex(forwardBy: input.readableBytesView.prefix { $0 == 0 }.count) }
            guard input.readableBytes > 0 || hasMore else { return nil }
            var output = ByteBufferAllocator().buffer(capacity: Self.outputSize)
            var result: CInt = 0
            input.readWithUnsafeReadableBytes { input in
                var inputCount = input.count
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.outputSize) { output in
                    var outputCount = output.count
                    result = cgzip_inflate(
                        state,
                        input.bindMemory(to: UInt8.self).baseAddress,
                        &inputCount,
                        output.bindMemory(to: UInt8.self).baseAddress,
                        &outputCount
                    )
                    hasMore = outputCount == output.count
                    return outputCount
                }
                if inputCount > 0 { isAtEnd = result == 1 }
                return inputCount
            }
            guard result >= 0 else { throw PontoonError(.badRequest, "The body is not valid gzip.") }
            if output.readableBytes > 0 { return output }
        }
    }

    /// Checks that the input ended with a complete gzip stream.
    ///
    /// - Throws: `.badRequest` if the input was truncated.
    func finish() throws(PontoonError) {
        guard isAtEnd else {
            throw PontoonError(.badRequest, "The body is truncated: the end of the gzip stream is missing.")
        }
    }
}

/// A body that is decompressed while it is received.
struct GunzippedBody<Body: AsyncSequence & Sendable>: AsyncSequence, Sendable where Body.Element == ByteBuffer {
    let body: Body

    struct AsyncIterator: AsyncIteratorProtocol {
        var body: Body.AsyncIterator
        var decoder: GzipDecoder?

        @concurrent mutating func next() async throws -> ByteBuffer? {
            let decoder = try decoder ?? GzipDecoder()
            self.decoder = decoder
            while true {
                if let bytes = try decoder.next() { return bytes }
                guard let chunk = try await body.next() else { break }
                decoder.append(chunk)
            }
            // The body of a cancelled request ends early without an error.
            try Task.checkCancellation()
            try decoder.finish()
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: body.makeAsyncIterator()) }
}
