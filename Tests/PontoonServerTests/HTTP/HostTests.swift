import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonServer
import PontoonTesting
import Testing

/// The `Host` and `X-Forwarded-Proto` headers, which determine the URLs in responses.
@Suite(.timeLimit(.minutes(10)))
struct HostTests {
    @Test(
        "a Host is a name or an address, with an optional port",
        arguments: [
            ("a.example", "a.example", nil), ("A.Example:8080", "a.example", 8080), ("127.0.0.1:1", "127.0.0.1", 1),
            ("my_server-1", "my_server-1", nil), ("[::1]", "::1", nil), ("[FE80::1]:65535", "fe80::1", 65535),
        ] as [(String, String, Int?)]
    )
    func valid(text: String, name: String, port: Int?) throws {
        let host = try #require(HostHeader(text))
        #expect(host.name == name && host.port == port)
    }

    static let invalid = [
        "evil.example/x/y", "u:p@evil.example", "u@evil.example", "evil.example?x=", "evil.example#", "a b", "a>;rel=x",
        "a\"><script>", "evil.example/v2", "a,b", "a%2fb", "ä.example", "a:", "a:0", "a:65536", "a:-1", "a:+1", "a:1x",
        "a:1:2", ":80", "[::1", "[::1]x", "[::1]:", "[::1]:0", "[]", "[::\01]", "[a]", "[127.0.0.1]", "[::1%eth0/x]",
        "::1", ".", String(repeating: "a", count: 254),
    ]

    @Test("a request with any other Host, or with none or two, is rejected with 400")
    func rejected() async throws {
        try await withEnduringServer { server in
            let hosts = Self.invalid.filter { $0 != "." }.map { "Host: \($0)\r\n" }
            let other = ["", "Host:\r\n", "Host: a.example\r\nHost: b.example\r\n", "Host: a\r\nhost: a\r\n"]
            for lines in hosts + other {
                for (target, version) in [
                    ("/v2/", "1.1"), ("/v2/user", "1.1"), ("/storage/parts/x/1", "1.1"), ("/v2/", "1.0"),
                ] {
                    let token = "X-SBG-Auth-Token: \(server.token)\r\n"
                    let request = "GET \(target) HTTP/\(version)\r\n\(lines)\(token)Connection: close\r\n\r\n"
                    let response = try APIResponse(raw: try await server.exchange(request))
                    server.expectRefusal(response, 400, 90000, "\(lines.prefix(60).debugDescription) \(target)")
                }
            }
        }
    }

    @Test("URLs in responses start with the requested Host")
    func urls() async throws {
        try await withTestServer(.live) { server in
            for host in ["a.example", "A.example:81", "[::1]:8080", "127.0.0.1"] {
                let response = try await index(server, "Host: \(host)\r\nX-Forwarded-Proto: https\r\n")
                #expect(try response.text("files_url") == "http://\(host)/v2/files")
            }
        }
    }

    @Test("health checks need no Host")
    func health() async throws {
        try await withTestServer(.live, arguments: ["--allowed-hosts", "a.example"]) { server in
            for path in ["/healthz", "/readyz"] {
                for host in ["", "Host: 10.0.0.7\r\n"] {
                    try await eventually("\(path) returns 200") {
                        let request = "GET \(path) HTTP/1.0\r\n\(host)Connection: close\r\n\r\n"
                        return try APIResponse(raw: try await server.exchange(request)).status == 200
                    }
                }
            }
        }
    }

    @Test("with --allowed-hosts, other hosts are rejected, whatever the port")
    func allowed() async throws {
        try await withTestServer(.live, arguments: ["--allowed-hosts", "A.example, ::1,[::2]"]) { server in
            for host in ["a.example", "A.EXAMPLE:99", "[::2]:1"] {
                #expect(try await index(server, "Host: \(host)\r\n").status == 200)
            }
            for host in ["b.example", "a.example.evil", "[::3]"] {
                server.expectRefusal(try await index(server, "Host: \(host)\r\n"), 400, 90000, "\(host)")
            }
        }
    }

    @Test("--public-url replaces the host in URLs, but the Host header is still checked")
    func publicURL() async throws {
        try await withTestServer(.live, arguments: ["--public-url", "https://up.example/base"]) { server in
            let response = try await index(server, "Host: other.example\r\n")
            #expect(try response.text("files_url") == "https://up.example/base/v2/files")
            server.expectRefusal(try await index(server, "Host: a/b\r\n"), 400, 90000, "a path")
        }
    }

    @Test("the first element of a trusted X-Forwarded-Proto determines the scheme")
    func forwarded() async throws {
        try await withTestServer(.live, arguments: ["--trust-forwarded-proto", "true"]) { server in
            for (lines, scheme) in [
                ("X-Forwarded-Proto: https\r\n", "https"), ("X-Forwarded-Proto: HTTPS , http\r\n", "https"),
                ("X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", "https"), ("", "http"),
                ("X-Forwarded-Proto: http, https\r\n", "http"), ("X-Forwarded-Proto: ,https\r\n", "http"),
            ] {
                let response = try await index(server, "Host: a.example\r\n\(lines)")
                #expect(try response.text("files_url") == "\(scheme)://a.example/v2/files", "\(lines.debugDescription)")
            }
        }
    }

    @Test(
        "a server trusts any host only if other machines can reach it and neither a public URL nor allowed hosts are set"
    )
    func trust() {
        for host in ["127.0.0.1", "127.1.2.3", "::1", "localhost"] {
            #expect(!ServerSettings(listen: .tcp(host: host, port: 8080)).trustsAnyHost)
        }
        #expect(!ServerSettings(listen: .unix(path: "/run/pontoon.sock")).trustsAnyHost)
        for host in ["0.0.0.0", "::", "192.0.2.1", "up.example"] {
            let address = ListenAddress.tcp(host: host, port: 8080)
            #expect(ServerSettings(listen: address).trustsAnyHost)
            #expect(!ServerSettings(listen: address, publicURL: BaseURL("https://a")).trustsAnyHost)
            #expect(!ServerSettings(listen: address, allowedHosts: ["a"]).trustsAnyHost)
        }
    }

    /// Requests `GET /v2/` with these header lines.
    private func index(_ server: TestServer, _ lines: String) async throws -> APIResponse {
        try APIResponse(raw: try await server.exchange("GET /v2/ HTTP/1.1\r\n\(lines)Connection: close\r\n\r\n"))
    }
}
