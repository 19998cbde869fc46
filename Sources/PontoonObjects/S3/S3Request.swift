import NIOCore
import PontoonCore

/// An unsigned request to the bucket or one of its objects.
struct S3Request: Sendable {
    /// The body of a request that can be sent more than once, for retries.
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// A range of an object, read while it is sent.
        case range(any ObjectReader, Range<Int64>)
    }

    /// HTTP method, such as `PUT`.
    let method: String
    /// Name of the object; `nil` for the bucket.
    let key: String?
    /// Query parameters, not percent-encoded.
    var query: [NamedValue] = []
    /// Headers, without the headers that the signature adds.
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

/// A response with its body in memory.
struct S3Response: Sendable {
    let status: Int
    /// Headers, keyed by lower-case name; contains the first value of a repeated header.
    let headers: [String: String]
    let body: ByteBuffer
}

/// The bytes of a range in chunks of up to 1 MiB, read no faster than the receiver accepts them.
struct RangeChunks: AsyncSequence, Sendable {
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

    /// The error for an object that is shorter than its declared size.
    struct EndedEarly: Error {}
}
