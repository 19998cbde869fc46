import Foundation
package import NIOCore
package import NIOHTTP1
import PontoonCore
package import SystemPackage
package import Testing

/// The server's flags that allow parts of any size.
package let smallParts = ["--min-part-size", "1"]

/// A server that tests call over HTTP, in a separate process or in the test's process.
package protocol ServerUnderTest: Sendable {
    /// Scheme, host and port of the server.
    var origin: String { get }
    /// The admin's token.
    var token: String { get }
    /// The server's data directory.
    var data: FilePath { get }
    /// A client that calls the API with ``token``.
    var api: APIClient { get }
}

extension ServerUnderTest {
    /// URL of the API.
    package var endpoint: String { origin + "/v2" }
    /// Port on which the server listens.
    package var port: Int {
        get throws { try #require(origin.split(separator: ":").last.flatMap { Int($0) }) }
    }

    /// Checks that a file can still be uploaded and downloaded.
    package func expectStillServing() async throws {
        let bytes = pseudoRandomBytes(seed: 99, count: 3 << 20)
        let file = try await api.upload("still-serving.bin", bytes)
        #expect(try await api.download(file) == bytes, "the server no longer serves uploads")
    }

    /// Checks the status, platform code and body of a refusal, and that neither body nor headers contain the token or
    /// paths.
    package func expectRefusal(
        _ response: APIResponse,
        _ status: Int,
        _ code: Int64,
        _ what: Comment = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let text = String(buffer: response.body)
        var wrong: [String] = []
        func check(_ isRight: Bool, _ problem: String) { if !isRight { wrong.append(problem) } }
        check(response.status == status, "status is not \(status)")
        check(response.code == code, "code is not \(code)")
        check(response["status"] == .integer(Int64(response.status)), "the body has another status")
        check((try? response.text("message"))?.isEmpty == false, "the body has no message")
        check((try? response.text("more_info")) != nil, "the body has no more_info")
        check(response.headers["Content-Type"] == ["application/json"], "the content type is not JSON")
        check(response.headers["ETag"].isEmpty, "the response has an ETag")
        let told = text + response.headers.map { "\($0): \($1)" }.joined(separator: "\n")
        for secret in [token, data.string, "/usr/", ".swift"] { check(!told.contains(secret), "leaks '\(secret)'") }
        #expect(wrong == [], "\(what): \(response.status) \(text.prefix(300))", sourceLocation: sourceLocation)
    }

    /// Returns the names of all files and directories of unfinished uploads in the disk store.
    package func unfinishedObjects() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: data.appending("objects/uploads").string)
    }

    /// Returns the number of finished objects in the disk store.
    package func finishedObjects() throws -> Int {
        let folder = URL(filePath: data.appending("objects/files").string)
        let entries = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        return try #require(entries).filter { entry in
            (try? (entry as? URL)?.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
        }.count
    }
}

extension APIClient {
    /// Calls the API with arbitrary bytes as the body; if `type` is `nil`, without `Content-Type`.
    package func call(
        _ method: HTTPMethod,
        _ path: String,
        bytes: ByteBuffer,
        type: String? = "application/json"
    ) async throws -> APIResponse {
        var headers: HTTPHeaders = [:]
        if let token { headers.add(name: "X-SBG-Auth-Token", value: token) }
        if let type { headers.add(name: "Content-Type", value: type) }
        return try await send(method, origin + "/v2" + path, bytes, headers: headers)
    }

    /// Calls the API with any text, even invalid JSON, as the body.
    package func call(_ method: HTTPMethod, _ path: String, text: String) async throws -> APIResponse {
        try await call(method, path, bytes: ByteBuffer(string: text))
    }
}

extension APIResponse {
    /// Parses a response that was read from a raw connection.
    ///
    /// - Throws: ``UnexpectedResponse`` if the text is not an HTTP/1.1 response.
    package init(raw: String) throws {
        let halves = raw.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = halves[0].split(separator: "\r\n")
        guard let first = lines.first, first.hasPrefix("HTTP/1.1 "), halves.count == 2,
            let status = Int(first.split(separator: " ")[1])
        else {
            throw UnexpectedResponse(description: "not an HTTP/1.1 response: \(raw.prefix(300))")
        }
        var headers: HTTPHeaders = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            headers.add(name: String(pair[0]), value: pair[1].trimmingCharacters(in: .whitespaces))
        }
        self.init(status: status, headers: headers, body: ByteBuffer(substring: halves[1]))
    }
}

extension ServerUnderTest {
    /// Sends bytes unchanged on a separate connection.
    ///
    /// - Returns: All bytes received until the server closed the connection.
    package func exchange(_ bytes: ByteBuffer) async throws -> String {
        try await RawConnection.with(self) { connection in
            // The server may respond and close the connection before it has read everything.
            try? await connection.write(bytes)
            return try await connection.readToEnd()
        }
    }

    /// Sends text unchanged on a separate connection.
    package func exchange(_ text: String) async throws -> String { try await exchange(ByteBuffer(string: text)) }
}

/// Returns the path and query of an absolute URL.
package func target(_ url: String) throws -> String {
    let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    return "/" + (try #require(parts.last))
}

extension RawConnection {
    /// Returns all bytes that arrive until the server closes the connection, and runs `next` when `marker` has arrived.
    package func readToEnd(after marker: String, _ next: () async throws -> Void) async throws -> String {
        let first = try await read(until: marker)
        if first.contains(marker) { try await next() }
        return first + (try await readToEnd())
    }
}
