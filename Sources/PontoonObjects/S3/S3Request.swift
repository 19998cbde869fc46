import NIOCore
import PontoonCore

/// A request to the bucket, before it is signed.
struct S3Request: Sendable {
    /// What is sent along; every kind can be sent twice.
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// A stretch of something that is read while it is sent.
        case stretch(any ObjectReader, Range<Int64>)
    }

    /// Such as `PUT`.
    let method: String
    /// The object; `nil` for the bucket.
    let key: String?
    /// Not encoded.
    var query: [NamedValue] = []
    /// In addition to those that the signature needs.
    var headers: [NamedValue] = []
    var body = Body.none

    init(_ method: String, _ key: String?, query: [NamedValue] = [], headers: [NamedValue] = [], body: Body = .none) {
        self.method = method
        self.key = key
        self.query = query
        self.headers = headers
        self.body = body
    }
}

/// The store's answer, its body in memory.
struct S3Response: Sendable {
    let status: Int
    /// Names in lower case; of several values the first.
    let headers: [String: String]
    let body: ByteBuffer
}

/// Reads a stretch a chunk at a time, as fast as the other side takes it.
struct StretchChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let reader: any ObjectReader
    let range: Range<Int64>

    func makeAsyncIterator() -> Iterator { Iterator(reader: reader, offset: range.lowerBound, end: range.upperBound) }

    struct Iterator: AsyncIteratorProtocol {
        private static let chunk: Int64 = 1 << 20

        let reader: any ObjectReader
        var offset: Int64
        let end: Int64

        mutating func next() async throws -> ByteBuffer? {
            guard offset < end else { return nil }
            let bytes = try await reader.read(at: offset, count: Int(Swift.min(Self.chunk, end - offset)))
            guard bytes.readableBytes > 0 else { throw EndedEarly() }
            offset += Int64(bytes.readableBytes)
            return bytes
        }
    }

    /// What is sent turned out to be shorter than it was.
    struct EndedEarly: Error {}
}
