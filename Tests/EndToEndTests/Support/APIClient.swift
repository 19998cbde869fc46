import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
package import PontoonCore
import Testing

/// An answer, read to its end.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: ByteBuffer

    /// The body as JSON; `null` when it is empty.
    var json: JSONValue {
        get throws {
            guard body.readableBytes > 0 else { return .null }
            return try JSONDecoder().decode(JSONValue.self, from: Data(buffer: body))
        }
    }

    /// One field of a JSON object.
    subscript(_ field: String) -> JSONValue? {
        guard case .object(let fields) = try? json else { return nil }
        return fields[field]
    }

    /// A text field of a JSON object.
    func text(_ field: String) throws -> String {
        guard case .string(let text) = self[field] else {
            throw UnexpectedAnswer(description: "no text '\(field)' in \(String(buffer: body))")
        }
        return text
    }

    /// The platform's code in an error's body.
    var code: Int64? { self["code"]?.integer }
}

/// An answer that a test cannot go on with.
struct UnexpectedAnswer: Error, CustomStringConvertible { let description: String }

/// Calls a server as one user.
struct APIClient: Sendable {
    let origin: String
    var token: String?
    /// What carries the calls.
    var http: HTTPClient = .shared
    /// Whether each request asks the server to close its connection.
    var closesConnections = false

    /// Calls the API; `path` is below `/v2`.
    func call(
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONValue? = nil,
        headers: HTTPHeaders = [:]
    ) async throws -> Answer {
        var headers = headers
        if let token { headers.add(name: "X-SBG-Auth-Token", value: token) }
        var bytes: ByteBuffer?
        if let body {
            headers.add(name: "Content-Type", value: "application/json")
            bytes = ByteBuffer(data: try JSONEncoder().encode(body))
        }
        return try await send(method, origin + "/v2" + path, bytes, headers: headers)
    }

    /// Calls the API where the answer matters only in that it is no refusal.
    ///
    /// - Throws: ``UnexpectedAnswer`` when it is one.
    func perform(_ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil) async throws {
        let answer = try await call(method, path, body)
        guard (200..<300).contains(answer.status) else {
            throw UnexpectedAnswer(description: "\(method) \(path): \(answer.status) \(String(buffer: answer.body))")
        }
    }

    /// Sends a request to any address, without a token.
    func send(
        _ method: HTTPMethod,
        _ url: String,
        _ body: ByteBuffer? = nil,
        headers: HTTPHeaders = [:]
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = headers
        if closesConnections { request.headers.replaceOrAdd(name: "Connection", value: "close") }
        if let body { request.body = .bytes(body) }
        let response = try await http.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(status: Int(response.status.code), headers: response.headers, body: bytes)
    }

    /// Starts an upload in the admin's project.
    ///
    /// - Returns: The upload's id.
    func initialize(
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
        let answer = try await call(.POST, "/upload/multipart?overwrite=\(overwrite)", .object(body))
        guard answer.status == 200 else { throw UnexpectedAnswer(description: String(buffer: answer.body)) }
        return try answer.text("upload_id")
    }

    /// Requests the URL of a part.
    func partURL(_ upload: String, _ number: Int) async throws -> String {
        try await call(.GET, "/upload/multipart/\(upload)/part/\(number)").text("url")
    }

    /// Sends one part.
    func put(_ upload: String, _ number: Int, _ bytes: ByteBuffer, headers: HTTPHeaders = [:]) async throws -> Answer {
        try await send(.PUT, try await partURL(upload, number), bytes, headers: headers)
    }

    /// Reports one part.
    func report(_ upload: String, _ number: Int, _ etag: JSONValue) async throws -> Answer {
        try await call(
            .POST,
            "/upload/multipart/\(upload)/part",
            ["part_number": .integer(Int64(number)), "response": ["headers": ["ETag": etag]]]
        )
    }

    /// Sends and reports one part.
    ///
    /// - Returns: Its tag, without quotes.
    @discardableResult
    func store(_ upload: String, _ number: Int, _ bytes: ByteBuffer) async throws -> String {
        let answer = try await put(upload, number, bytes)
        let etag = try #require(answer.headers.first(name: "ETag"), "\(answer.status) \(String(buffer: answer.body))")
        let reported = try await report(upload, number, .string(etag))
        try #require(reported.status == 200, "\(String(buffer: reported.body))")
        return etag.trimmingCharacters(in: ["\""])
    }

    /// Completes an upload.
    func complete(_ upload: String) async throws -> Answer {
        try await call(.POST, "/upload/multipart/\(upload)/complete")
    }

    /// Sends a whole file.
    ///
    /// - Returns: The file's id.
    func upload(_ name: String, _ bytes: ByteBuffer, partSize: Int = 5 << 20) async throws -> String {
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
    func download(_ file: String) async throws -> ByteBuffer {
        let url = try await call(.GET, "/files/\(file)/download_info").text("url")
        let answer = try await send(.GET, url)
        guard answer.status == 200 else {
            throw UnexpectedAnswer(description: "\(answer.status) \(String(buffer: answer.body).prefix(500))")
        }
        return answer.body
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

/// Connects to a server as often as it is asked to, many times at once, and gives up at once when the server is gone.
let impatientHTTP: HTTPClient = {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
}()

extension APIClient {
    /// The same on a new connection for each request, for servers that close idle ones early.
    var withoutKeepAlive: APIClient {
        var api = self
        api.closesConnections = true
        return api
    }
}

/// Bytes that look random and are the same for the same seed (SplitMix64, little-endian).
func pseudoRandomBytes(seed: UInt64, count: Int) -> ByteBuffer {
    var random = SeededGenerator(seed: seed)
    // A plain array: the tests are built without optimization, and tens of MiB are asked for.
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
