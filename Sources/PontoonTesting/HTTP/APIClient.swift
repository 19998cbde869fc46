package import AsyncHTTPClient
import Foundation
package import NIOCore
import NIOFoundationEssentialsCompat
package import NIOHTTP1
package import PontoonCore
import Testing

/// A response, with its whole body.
package struct APIResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: ByteBuffer

    package init(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The body as text.
    package var bodyText: String { String(buffer: body) }

    /// The body as JSON; `null` if it is empty.
    package var json: JSONValue {
        get throws {
            guard body.readableBytes > 0 else { return .null }
            return try JSONDecoder().decode(JSONValue.self, from: Data(buffer: body))
        }
    }

    /// A field of the body; `nil` if the body is not a JSON object with this field.
    package subscript(_ field: String) -> JSONValue? {
        guard case .object(let fields) = try? json else { return nil }
        return fields[field]
    }

    /// Returns a text field of the body.
    ///
    /// - Throws: ``UnexpectedResponse`` if the body is not a JSON object with such a field.
    package func text(_ field: String) throws -> String {
        guard case .string(let text) = self[field] else {
            throw UnexpectedResponse(description: "no text field '\(field)' in \(String(buffer: body))")
        }
        return text
    }

    /// The platform code in an error body; `nil` if there is none.
    package var code: Int64? { self["code"]?.integer }
}

/// The error thrown if a test cannot continue because of a response.
package struct UnexpectedResponse: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// A client that calls a server with one token, or without a token.
package struct APIClient: Sendable {
    /// The method, URL, headers and body of one request.
    package struct Request: Sendable {
        package var method: HTTPMethod
        package var url: String
        package var headers: HTTPHeaders
        package var body: ByteBuffer?
    }

    /// Scheme, host and port of the server.
    package let origin: String
    /// The token to send in `X-SBG-Auth-Token`; `nil` sends none.
    package var token: String?
    /// Whether each request is sent with `Connection: close`.
    package var closesConnections = false
    private let execute: @Sendable (Request) async throws -> APIResponse

    /// Creates a client that calls `execute` to send each request.
    package init(origin: String, token: String?, execute: @escaping @Sendable (Request) async throws -> APIResponse) {
        self.origin = origin
        self.token = token
        self.execute = execute
    }

    /// Creates a client that sends requests over HTTP.
    package init(origin: String, token: String? = nil, http: HTTPClient = .shared) {
        self.init(origin: origin, token: token) { request in
            var outgoing = HTTPClientRequest(url: request.url)
            outgoing.method = request.method
            outgoing.headers = request.headers
            if let body = request.body { outgoing.body = .bytes(body) }
            // AsyncHTTPClient closes the connection when a response with `Connection: close` is complete. If the last
            // bytes of the body were still waiting to be sent, it throws `ioOnClosedChannel` instead of returning that
            // response. Parts can be sent again.
            for _ in 1..<20 where request.method == .PUT {
                do { return try await http.response(to: outgoing) } catch ChannelError.ioOnClosedChannel {}
            }
            return try await http.response(to: outgoing)
        }
    }

    /// Calls the API, and returns the response even if its status is an error; `path` is relative to `/v2`.
    package func call(
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONValue? = nil,
        headers: HTTPHeaders = [:]
    ) async throws -> APIResponse {
        try await callFromRoot(method, "/v2" + path, body, headers: headers)
    }

    /// Calls the API or DRS, and returns the response even if its status is an error; `path` is absolute.
    package func callFromRoot(
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONValue? = nil,
        headers: HTTPHeaders = [:]
    ) async throws -> APIResponse {
        var headers = headers
        if let token { headers.add(name: "X-SBG-Auth-Token", value: token) }
        var bytes: ByteBuffer?
        if let body {
            headers.add(name: "Content-Type", value: "application/json")
            bytes = ByteBuffer(data: try JSONEncoder().encode(body))
        }
        return try await send(method, origin + path, bytes, headers: headers)
    }

    /// Calls the API and checks only that the call succeeds.
    ///
    /// - Throws: ``UnexpectedResponse`` if the call is refused.
    package func perform(_ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil) async throws {
        let response = try await call(method, path, body)
        guard (200..<300).contains(response.status) else {
            throw UnexpectedResponse(
                description: "\(method) \(path): \(response.status) \(String(buffer: response.body))"
            )
        }
    }

    /// Sends a request to any URL without a token, and returns the response even if its status is an error.
    package func send(
        _ method: HTTPMethod,
        _ url: String,
        _ body: ByteBuffer? = nil,
        headers: HTTPHeaders = [:]
    ) async throws -> APIResponse {
        var request = Request(method: method, url: url, headers: headers, body: body)
        if closesConnections { request.headers.replaceOrAdd(name: "Connection", value: "close") }
        return try await execute(request)
    }

    /// Starts an upload in the admin's project.
    ///
    /// - Returns: The upload's id.
    package func initialize(
        _ name: String,
        size: Int?,
        partSize: Int = 5 << 20,
        overwrite: Bool = false,
        extra: [String: JSONValue] = [:]
    ) async throws -> String {
        var body: [String: JSONValue] = [
            "project": "admin/uploads", "name": .string(name), "part_size": .integer(Int64(partSize)),
        ].merging(extra) { $1 }
        body["size"] = size.map { .integer(Int64($0)) }
        let response = try await call(.POST, "/upload/multipart?overwrite=\(overwrite)", .object(body))
        guard response.status == 200 else { throw UnexpectedResponse(description: String(buffer: response.body)) }
        return try response.text("upload_id")
    }

    /// Returns the signed URL of a part.
    ///
    /// - Throws: ``UnexpectedResponse`` if the call is refused.
    package func partURL(_ upload: String, _ number: Int) async throws -> String {
        try await call(.GET, "/upload/multipart/\(upload)/part/\(number)").text("url")
    }

    /// Requests the signed URL of one part and sends the part, without reporting it.
    package func put(_ upload: String, _ number: Int, _ bytes: ByteBuffer, headers: HTTPHeaders = [:]) async throws
        -> APIResponse
    {
        try await send(.PUT, try await partURL(upload, number), bytes, headers: headers)
    }

    /// Reports one part; `etag` can be any JSON value.
    package func report(_ upload: String, _ number: Int, _ etag: JSONValue) async throws -> APIResponse {
        try await call(
            .POST,
            "/upload/multipart/\(upload)/part",
            ["part_number": .integer(Int64(number)), "response": ["headers": ["ETag": etag]]]
        )
    }

    /// Sends and reports one part.
    ///
    /// - Returns: The part's ETag, without quotes.
    @discardableResult
    package func store(_ upload: String, _ number: Int, _ bytes: ByteBuffer) async throws -> String {
        let response = try await put(upload, number, bytes)
        let etag = try #require(
            response.headers.first(name: "ETag"),
            "\(response.status) \(String(buffer: response.body))"
        )
        let reported = try await report(upload, number, .string(etag))
        try #require(reported.status == 200, "\(String(buffer: reported.body))")
        return etag.trimmingCharacters(in: ["\""])
    }

    /// Completes an upload, and returns the response even if its status is an error.
    package func complete(_ upload: String) async throws -> APIResponse {
        try await call(.POST, "/upload/multipart/\(upload)/complete")
    }

    /// Uploads a whole file in parts.
    ///
    /// - Returns: The file's id.
    package func upload(_ name: String, _ bytes: ByteBuffer, partSize: Int = 5 << 20) async throws -> String {
        let upload = try await initialize(name, size: bytes.readableBytes, partSize: partSize)
        var rest = bytes
        var number = 1
        repeat {
            let count = min(partSize, rest.readableBytes)
            try await store(upload, number, try #require(rest.readSlice(length: count)))
            number += 1
        } while rest.readableBytes > 0
        return try await complete(upload).text("id")
    }

    /// Downloads a whole file.
    ///
    /// - Throws: ``UnexpectedResponse`` if a call is refused.
    package func download(_ file: String) async throws -> ByteBuffer {
        let url = try await call(.GET, "/files/\(file)/download_info").text("url")
        let response = try await send(.GET, url)
        guard response.status == 200 else {
            throw UnexpectedResponse(description: "\(response.status) \(String(buffer: response.body).prefix(500))")
        }
        return response.body
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByNilLiteral, ExpressibleByBooleanLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(uniqueKeysWithValues: elements))
    }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// An HTTP client that allows 128 concurrent connections per host and does not retry failed connection attempts.
package let impatientHTTP: HTTPClient = {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
}()

extension APIClient {
    /// This client with a new connection for each request, for servers that close idle connections early.
    package var withoutKeepAlive: APIClient {
        var api = self
        api.closesConnections = true
        return api
    }
}

/// Returns pseudo-random bytes that depend only on the seed (SplitMix64, little-endian).
package func pseudoRandomBytes(seed: UInt64, count: Int) -> ByteBuffer {
    var random = SeededGenerator(seed: seed)
    // A plain array is fast enough for tens of MiB, although the tests are built without optimization.
    var words = [UInt64](repeating: 0, count: (count + 7) / 8)
    words.withUnsafeMutableBufferPointer { words in
        var index = 0
        while index < words.count {
            words[index] = random.next().littleEndian
            index += 1
        }
    }
    return words.withUnsafeBytes { ByteBuffer(bytes: $0.prefix(count)) }
}

extension HTTPClient {
    /// Sends a request and reads the whole response, within 300 seconds and up to 128 MiB.
    fileprivate func response(to request: HTTPClientRequest) async throws -> APIResponse {
        let response = try await execute(request, timeout: .seconds(300))
        let body = try await response.body.collect(upTo: 128 << 20)
        return APIResponse(status: Int(response.status.code), headers: response.headers, body: body)
    }
}
