import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

/// CORS: pages of other origins that call the API and the data plane.
@Suite(.timeLimit(.minutes(10)))
struct CrossOriginTests {
    private static let page = "https://app.example.org"
    private static let headersOfCORS = [
        "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
        "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Max-Age", "Vary",
    ]

    /// A setting, the `Origin` of a request, and the origin that the response allows.
    struct Case: Sendable, CustomStringConvertible {
        let setting: String
        let origin: String?
        let allowed: String?

        var description: String { "--allow-origin \(setting), \(origin ?? "no origin")" }
    }

    private static let cases = [
        Case(setting: page, origin: page, allowed: page),
        Case(setting: "http://localhost:5173,\(page)", origin: page, allowed: page),
        Case(setting: "http://a:5173, \(page)", origin: "http://a:5173", allowed: "http://a:5173"),
        Case(setting: "*", origin: page, allowed: "*"),
        Case(setting: "*", origin: "null", allowed: "*"),
        Case(setting: page, origin: "https://other.example.org", allowed: nil),
        Case(setting: page, origin: "http://app.example.org", allowed: nil),
        Case(setting: page, origin: "\(page):444", allowed: nil),
        Case(setting: page, origin: "\(page).evil", allowed: nil),
        Case(setting: page, origin: "null", allowed: nil),
        Case(setting: page, origin: nil, allowed: nil),
        Case(setting: "*", origin: nil, allowed: nil),
    ]

    @Test("preflight requests and responses allow exactly the configured origins", arguments: cases)
    func origins(_ given: Case) async throws {
        try await withTestServer(arguments: ["--allow-origin", given.setting]) { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let part = try await server.api.partURL(upload, 1)
            let object = server.origin + "/ga4gh/drs/v1/objects/x"
            for url in [server.origin + "/v2/user", server.origin + "/v2/nothing", part, object] {
                let response = try await preflight(server, url, origin: given.origin)
                #expect(response.headers["Vary"] == ["Origin"], "\(url)")
                #expect(response.headers["Access-Control-Allow-Origin"] == given.allowed.map { [$0] } ?? [], "\(url)")
                if given.allowed != nil {
                    #expect(response.status == 204 && response.body.readableBytes == 0, "\(url)")
                } else {
                    #expect([403, 404, 405].contains(response.status), "\(url)")
                    #expect(response.headers["Access-Control-Allow-Methods"] == [], "\(url)")
                }
            }
            for (method, url, status) in responses(server, part) {
                let response = try await send(server, method, url, origin: given.origin)
                #expect(response.status == status, "\(method) \(url)")
                #expect(response.headers["Vary"] == ["Origin"], "\(method) \(url)")
                #expect(response.headers["Access-Control-Allow-Origin"] == given.allowed.map { [$0] } ?? [])
                #expect(response.headers["Access-Control-Expose-Headers"].isEmpty == (given.allowed == nil))
                #expect(response.headers["Access-Control-Allow-Credentials"] == [])
            }
        }
    }

    @Test("a preflight response allows all methods and headers of the API, and needs no token")
    func preflightHeaders() async throws {
        try await withTestServer(arguments: ["--allow-origin", Self.page, "--rate-limit", "1/1d"]) { server in
            for _ in 0..<2 {
                let response = try await preflight(server, server.origin + "/v2/files/x", origin: Self.page)
                let methods = names(response, "Access-Control-Allow-Methods")
                #expect(methods == ["delete", "get", "head", "patch", "post", "put"])
                let headers = names(response, "Access-Control-Allow-Headers")
                for name in ["x-sbg-auth-token", "authorization", "content-type", "content-md5", "range"] {
                    #expect(headers.contains(name), "\(name)")
                }
                #expect(headers.contains("x-amz-checksum-crc64nvme") && headers.contains("x-amz-checksum-sha256"))
                #expect(response.headers["Access-Control-Max-Age"] == ["7200"])
                #expect(response.headers["X-Request-Id"].count == 1)
                #expect(response.headers["X-RateLimit-Limit"] == [])
            }
            #expect(try await server.api.call(.GET, "/user").status == 200, "preflight requests are not counted")
        }
    }

    @Test("pages may read the headers that clients need")
    func exposedHeaders() async throws {
        try await withTestServer(arguments: ["--allow-origin", "*"]) { server in
            let response = try await send(server, .GET, server.origin + "/v2/user", origin: Self.page)
            let exposed = names(response, "Access-Control-Expose-Headers")
            for name in [
                "etag", "x-request-id", "x-amz-checksum-crc64nvme", "x-amz-checksum-crc32c", "x-amz-checksum-sha256",
                "x-total-matching-query", "link", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining",
                "x-ratelimit-reset", "content-range", "content-disposition", "accept-ranges",
            ] {
                #expect(exposed.contains(name), "\(name)")
            }
        }
    }

    @Test("OPTIONS that is not a preflight request is refused")
    func otherOptions() async throws {
        try await withTestServer(arguments: ["--allow-origin", Self.page]) { server in
            for headers: HTTPHeaders in [
                ["Origin": Self.page], ["Access-Control-Request-Method": "PUT"], [:],
            ] {
                let response = try await server.api.send(.OPTIONS, server.origin + "/v2/user", headers: headers)
                server.expectRefusal(response, 405, 90006, "\(headers)")
            }
        }
    }

    @Test("without the setting, no response has a CORS header")
    func switchedOff() async throws {
        try await withTestServer { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let part = try await server.api.partURL(upload, 1)
            var all = [try await preflight(server, server.origin + "/v2/user", origin: Self.page)]
            server.expectRefusal(all[0], 405, 90006, "preflight")
            for (method, url, _) in responses(server, part) {
                all.append(try await send(server, method, url, origin: Self.page))
            }
            for response in all {
                for name in Self.headersOfCORS { #expect(response.headers[name] == [], "\(name)") }
            }
        }
    }

    @Test("pages of other origins can use neither health checks nor the console")
    func otherPaths() async throws {
        try await withTestServer(arguments: ["--allow-origin", "*"]) { server in
            for path in ["/", "/healthz", "/readyz", "/v1", "/v2x", "/console/x/main.js"] {
                let response = try await send(server, .GET, server.origin + path, origin: Self.page)
                for name in Self.headersOfCORS {
                    // The console's page depends on `Accept`, but not on `Origin`.
                    #expect(response.headers[name].filter { $0 != "Accept" } == [], "\(path) \(name)")
                }
            }
        }
    }

    @Test(
        "pages can read errors that occur before a request is decoded, if all responses allow the same origin",
        arguments: [("*", "*"), (page, page), ("\(page),http://localhost", nil)] as [(String, String?)]
    )
    func earlyErrors(setting: String, allowed: String?) async throws {
        try await withTestServer(.live, arguments: ["--allow-origin", setting]) { server in
            func response(_ request: String) async throws -> APIResponse {
                try APIResponse(raw: try await server.exchange(request))
            }
            let start = "GET /v2/user HTTP/1.1\r\nHost: x\r\nOrigin: \(Self.page)\r\n"
            let long = try await response(start + "X-A: " + String(repeating: "a", count: 64 << 10))
            #expect(long.status == 431)
            let malformed = try await response(start + "X Y: z\r\n\r\n")
            #expect(malformed.status == 400)
            let noHost = try await response(start.replacing("Host: x\r\n", with: "") + "Connection: close\r\n\r\n")
            #expect(noHost.headers["Access-Control-Allow-Origin"] == [allowed ?? Self.page], "the head was decoded")
            for response in [long, malformed] {
                #expect(response.headers["Access-Control-Allow-Origin"] == allowed.map { [$0] } ?? [])
            }
        }
    }

    @Test(
        "origins are listed as browsers send them",
        arguments: [
            ("https://A.example", ["https://a.example"]), ("HTTP://a:80", ["http://a"]),
            ("https://a:443,https://a:8443", ["https://a", "https://a:8443"]),
            ("http://[::1]:3000", ["http://[::1]:3000"]),
            ("http://a:443", ["http://a:443"]), (" https://a , https://b ", ["https://a", "https://b"]),
            ("https://a,https://A:443", ["https://a"]),
        ] as [(String, [String])]
    )
    func listed(text: String, origins: [String]) {
        #expect(AllowedOrigins(text) == .listed(Set(origins)))
    }

    @Test(
        "invalid origins are rejected",
        arguments: [
            "", ",", "a.example", "https://", "https://a/", "https://a/b", "https://a?b", "https://u@a", "https://a:0",
            "*,https://a", "https://*.a", "null", "://a", "https:/a", "https://a,", "ht tp://a", "https://a https://b",
        ]
    )
    func invalid(text: String) {
        #expect(AllowedOrigins(text) == nil)
    }

    /// Returns calls with the expected status of each response.
    private func responses(_ server: TestServer, _ part: String) -> [(HTTPMethod, String, Int)] {
        [
            (.GET, server.origin + "/v2/", 200), (.GET, server.origin + "/v2/user", 401),
            (.GET, server.origin + "/v2/nothing", 404), (.POST, server.origin + "/v2/user", 405),
            (.PUT, part + "0", 403), (.PUT, part, 200), (.GET, server.origin + "/storage/files/x", 403),
        ]
    }

    private func send(_ server: TestServer, _ method: HTTPMethod, _ url: String, origin: String?) async throws
        -> APIResponse
    {
        let headers = HTTPHeaders(origin.map { [("Origin", $0)] } ?? [])
        let body = method == .PUT ? ByteBuffer(string: "abc") : nil
        return try await server.api.send(method, url, body, headers: headers)
    }

    private func preflight(_ server: TestServer, _ url: String, origin: String?) async throws -> APIResponse {
        var headers: HTTPHeaders = [
            "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type",
        ]
        if let origin { headers.add(name: "Origin", value: origin) }
        return try await server.api.send(.OPTIONS, url, headers: headers)
    }

    private func names(_ response: APIResponse, _ header: String) -> [String] {
        response.headers[header].flatMap { $0.split(separator: ",") }
            .map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    }
}
