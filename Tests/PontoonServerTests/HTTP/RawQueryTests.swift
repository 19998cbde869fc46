import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

/// UTF-8 in the query of a request line, which is accepted as if it were percent-encoded.
@Suite(.timeLimit(.minutes(10)))
struct RawQueryTests {
    private static let lines: [(text: String, encoded: String)] = [
        (
            "GET /v2/files?name=ü&a=€𝄞 HTTP/1.1\r\nX: ü\r\n\r\n",
            "GET /v2/files?name=%c3%bc&a=%e2%82%ac%f0%9d%84%9e HTTP/1.1\r\nX: ü\r\n\r\n"
        ),
        ("GET /?ü? HTTP/1.1\r\n?ü", "GET /?%c3%bc? HTTP/1.1\r\n?ü"),
        // An empty line may end a head, so the text after it may be a body.
        ("\r\nGET /?ü", "\r\nGET /?ü"), ("\nGET /?ü", "\nGET /?ü"),
        // Only a query in origin form is encoded.
        ("GET /ü?a HTTP/1.1\r\n", "GET /ü?a HTTP/1.1\r\n"), ("GET /a\r\nX: ?ü\r\n", "GET /a\r\nX: ?ü\r\n"),
        ("X: GET /?ü \r\n", "X: GET /?ü \r\n"), ("get /?ü \r\n", "get /?ü \r\n"), ("GET a?ü \r\n", "GET a?ü \r\n"),
        ("", ""),
    ]

    @Test("the query is encoded regardless of where the line is split", arguments: lines)
    func splits(text: String, encoded: String) {
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                #expect(Self.encode(pieces) == Array(encoded.utf8), "\(first) \(second)")
            }
        }
    }

    private static let invalidNames: [[UInt8]] = [
        [0xFF], [0xC3], [0xC3, 0x28], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80],
        [0xE2, 0x82, 0x20],
    ]

    @Test("invalid UTF-8 is not encoded", arguments: invalidNames)
    func invalid(name: [UInt8]) {
        let bytes = Array("GET /?a=".utf8) + name + Array(" HTTP/1.1\r\n".utf8)
        for split in 0...bytes.count {
            #expect(Self.encode([bytes[..<split], bytes[split...]]) == bytes, "\(split)")
        }
    }

    private static func encode(_ pieces: [ArraySlice<UInt8>]) -> [UInt8] {
        var line = RequestLine()
        var encoded: [UInt8] = []
        for piece in pieces {
            var buffer = ByteBuffer(bytes: piece)
            if !line.isComplete { line.encode(&buffer) }
            encoded += Array(buffer.readableBytesView)
        }
        return encoded
    }

    @Test("percent-encoding that is not UTF-8 is refused, and a % without two hex digits is part of a name")
    func percentEncoding() async throws {
        try await withTestServer { server in
            let files = "/files?project=admin/uploads&name="
            func put(_ name: String) async throws -> APIResponse {
                let path = "/files/content?project=admin/uploads&name=\(name)"
                return try await server.api.call(.PUT, path, bytes: ByteBuffer(string: "a"), type: nil)
            }
            for name in ["caf%E9.txt", "%ff", "a%20%C3", "%C3%28"] {
                server.expectRefusal(try await put(name), 400, 90000, "\(name)")
                server.expectRefusal(try await server.api.call(.GET, files + name), 400, 90000, "\(name)")
                server.expectRefusal(try await server.api.call(.GET, "\(files)a&\(name)=b"), 400, 90000, "\(name)")
                server.expectRefusal(try await server.api.call(.GET, "/files/\(name)"), 404, 90003, "\(name)")
            }
            for (text, name) in [
                ("caf%C3%A9", "café"), ("caf%25E9.txt", "caf%E9.txt"), ("50%", "50%"), ("%zz", "%zz"),
                ("%20+%", "%20 %"),
            ] {
                let stored = try await put(text)
                #expect(stored.status == 201 && stored["name"] == .string(name), "\(text): \(stored.bodyText)")
                let found = try await server.api.call(.GET, files + text)
                #expect(try found.entryNames == [name], "\(text)")
            }
        }
    }

    @Test("the query of a signed URL is decoded in the same way")
    func signedURL() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.uploadSmall("a")
            let path = try target(try await server.api.call(.GET, "/files/\(file)/download_info").text("url"))
            func get(_ suffix: String) async throws -> APIResponse {
                let head = "GET \(path)\(suffix) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                return try APIResponse(raw: try await server.exchange(head))
            }
            for suffix in ["", "&x=%zz", "&x=%"] { #expect(try await get(suffix).bodyText == "abc", "\(suffix)") }
            for suffix in ["&x=%FF", "%FF"] { server.expectRefusal(try await get(suffix), 400, 90000, "\(suffix)") }
        }
    }

    @Test("names in UTF-8 work on a persistent connection, and bodies are unchanged")
    func requests() async throws {
        try await withTestServer(.live) { server in
            _ = try await server.api.upload("Prüfung €.bam", ByteBuffer(string: "a"))
            try await RawConnection.with(server) { connection in
                for line in [
                    "GET /v2/files?project=admin/uploads&name=Prüfung%20€.bam",
                    "GET /v2/files?project=admin/uploads&name=Pr%C3%BCfung+%E2%82%AC.bam",
                ] {
                    try await connection.write("\(server.head(line))\r\n")
                    let response = try await connection.readResponse()
                    #expect(response.status == 200 && response.body.contains(#""name":"Prüfung €.bam""#), "\(line)")
                }
                // The head of this request is pipelined, and the second half of its body looks like a request line.
                let beginning = #"{"name":"Raw","description":""#
                let rest = #"GET /?ü HTTP/1.1"}"#
                let head = server.head("POST /v2/projects")
                let length = beginning.utf8.count + rest.utf8.count
                let user = server.head("GET /v2/user")
                try await connection.write("\(user)\r\n\(head)Content-Length: \(length)\r\n\r\n\(beginning)")
                #expect(try await connection.readResponse().status == 200)
                try await connection.write(rest)
                let created = try await connection.readResponse()
                #expect(created.status == 201 && created.body.contains(#""description":"GET /?ü HTTP/1.1""#))
            }
            for bytes in [[0xFF], [0xC3], [0xC3, 0x28]] as [[UInt8]] {
                let text = try await RawConnection.with(server) { connection in
                    var request = ByteBuffer(string: "GET /v2/files?project=admin/uploads&name=")
                    request.writeBytes(bytes)
                    request.writeString(" HTTP/1.1\r\nHost: x\r\n\r\n")
                    try await connection.write(request)
                    return try await connection.readToEnd()
                }
                #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains("90000"), "\(bytes): \(text)")
            }
        }
    }
}
