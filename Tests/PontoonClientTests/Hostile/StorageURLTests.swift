import AsyncHTTPClient
import NIOHTTP1
import NIOSSL
import Testing

@testable import PontoonClient

/// The URLs and headers that a server returns for requests to its storage.
struct StorageURLTests {
    private func withClient<Value: Sendable>(
        of endpoint: String,
        _ body: (SevenBridgesClient) async throws -> Value
    ) async throws -> Value {
        let credentials = Credentials(endpoint: try Endpoint(endpoint), token: AuthToken("t"), source: "the test")
        return try await SevenBridgesClient.withClient(credentials, body)
    }

    @Test(
        "signed URLs of storage services are accepted",
        arguments: [
            "http://127.0.0.1:8080/storage/parts/u/1?expires=1&signature=a%2Fb", "HTTP://host/x",
            "http://[::1]:9000/b/k",
            "https://bucket.s3.eu-central-1.amazonaws.com/key%20with%20spaces?X-Amz-Credential=A%2F1%2Fs3&x=é",
            "http://minio_1:9000/", "https://host:65535", "http://192.0.2.1:1/", "https://bücher.example/x",
        ]
    )
    func usable(url: String) async throws {
        try await withClient(of: "http://api.example/v2") { client in
            #expect(throws: Never.self) { try client.checkStorageURL(url, of: "part 1") }
        }
    }

    @Test(
        "other URLs are refused without connecting, and the error does not show the URL",
        arguments: [
            ("http+unix://%2Ftmp%2Fsecret.sock/x", "scheme"), ("https+unix://%2Ftmp%2Fsecret.sock/", "scheme"),
            ("unix:///tmp/secret.sock", "scheme"), ("file:///etc/secret", "scheme"), ("ftp://secret/x", "scheme"),
            ("javascript:secret", "scheme"), ("//secret/x", "scheme"), ("secret", "scheme"), ("", "not a valid URL"),
            ("http://secret:0/", "port"), ("http://secret:65536/", "port"), ("http://secret:99999/", "port"),
            ("http://secret:99999999999999999999/", "port"), ("http://secret:/", "port"),
            ("http://[::1]:70000/", "port"),
            ("http://secret:-1/", "not a valid URL"), ("http://secret:٣/", "not a valid URL"),
            ("http:///secret", "host"),
            ("http://", "host"), ("http:secret", "host"), ("http://secret%2F..%2F/", "host"),
            ("http://secret%00/", "host"),
            ("http://user:secret@host/", "user"), ("http://secret@host/", "user"), ("http://secret\\@evil/", "user"),
            ("http://secret/\r\nX: y", "not a valid URL"), ("http://secret/\0", "not a valid URL"),
            (" http://secret/", "not a valid URL"), ("http://secret/a b", "not a valid URL"),
            ("http://" + String(repeating: "secret", count: 10_000), "not a valid URL"),
        ]
    )
    func refused(url: String, problem: String) async throws {
        try await withClient(of: "http://api.example/v2") { client in
            let error = try #require(throws: ClientError.self) { try client.checkStorageURL(url, of: "part 1") }
            #expect(error.code == .responseUnreadable)
            #expect(error.message.contains(problem), "\(error)")
            #expect(!error.message.contains("secret"))
        }
    }

    @Test("an https API cannot direct the client to an http storage")
    func downgrade() async throws {
        try await withClient(of: "https://api.example/v2") { client in
            #expect(throws: Never.self) { try client.checkStorageURL("https://storage.example/x", of: "part 1") }
            let error = try #require(throws: ClientError.self) {
                try client.checkStorageURL("http://storage.example/x", of: "part 1")
            }
            #expect(error.message.contains("begins with http://"))
        }
    }

    @Test("connections use TLS 1.2 or later")
    func tls() throws {
        #expect(try HTTPTransport.configuration(ClientSettings()).tlsConfiguration?.minimumTLSVersion == .tlsv12)
    }

    @Test("an endpoint's port must be valid", arguments: ["http://h:0/v2", "http://h:99999/v2", "http://h:x/v2"])
    func endpoint(url: String) { #expect(throws: ClientError.self) { try Endpoint(url) } }

    @Test("a proxy's port must be valid", arguments: ["http://proxy:0", "proxy:99999"])
    func proxy(url: String) { #expect(throws: ClientError.self) { try ProxySettings.Proxy(url, name: "http_proxy") } }

    @Test("headers that the server requests are sent, except those that describe the connection or the body")
    func headers() async throws {
        try await withClient(of: "http://api.example/v2") { client in
            let request = try client.storageRequest(
                .PUT,
                "http://storage.example/x",
                headers: [
                    "x-amz-acl": "private", "content-type": "a/b; c=\"é\"", "user-agent": "theirs", "Host": "evil",
                    "Content-Length": "1", "Transfer-Encoding": "chunked", "connection": "close", "Expect": "x",
                ],
                of: "part 1"
            )
            let sent = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name.lowercased(), $0.value) })
            #expect(sent == ["x-amz-acl": "private", "content-type": "a/b; c=\"é\"", "user-agent": "theirs"])
        }
    }

    @Test(
        "headers that are invalid, too long or too numerous are refused",
        arguments: [
            ["X\r\nY": "1"], ["X": "1\r\nY: z"], ["X": "1\n"], ["X": "\0"], ["": "1"], ["a b": "1"], ["é": "1"],
            ["x:": "1"],
            ["X": String(repeating: "x", count: 40_000)],
            Dictionary(uniqueKeysWithValues: (0..<10_000).map { ("X-\($0)", "y") }),
        ]
    )
    func badHeaders(headers: [String: String]) async throws {
        try await withClient(of: "http://api.example/v2") { client in
            let error = try #require(throws: ClientError.self) {
                try client.storageRequest(.PUT, "http://storage.example/", headers: headers, of: "part 1")
            }
            #expect(error.code == .responseUnreadable)
        }
    }
}
