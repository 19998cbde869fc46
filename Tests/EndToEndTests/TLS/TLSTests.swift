import AsyncHTTPClient
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// TLS of the server itself, without a reverse proxy.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct TLSTests {
    @Test("curl, the official Python client and 'pontoon' upload and download over TLS")
    func clients() async throws {
        try await withTLSServer { server, authority, folder in
            let curl = try await curl([
                "--cacert", authority.certificate.string, "-H", "X-SBG-Auth-Token: \(server.token)",
                "--write-out", " %{http_version}", server.endpoint + "/user",
            ])
            #expect(curl.output.contains("\"username\":\"admin\"") && curl.output.hasSuffix(" 1.1"), "\(curl)")

            let bytes = testBytes(seed: 3, count: 12 << 20)
            try await authority.withHTTP { http in
                let api = APIClient(origin: server.origin, token: server.token, http: http)
                let file = try await api.upload("raw", bytes)
                let url = try await api.call(.GET, "/files/\(file)/download_info").text("url")
                #expect(url.hasPrefix(server.origin) && server.origin.hasPrefix("https://"), "\(url)")
                #expect(try await api.download(file) == bytes)
                let range = try await api.send(.GET, url, headers: ["Range": "bytes=1000000-8999999"])
                #expect(range.status == 206 && range.body == bytes.getSlice(at: 1_000_000, length: 8_000_000))
            }

            let home = folder.appending("home")
            try FileManager.default.createDirectory(atPath: home.string, withIntermediateDirectories: false)
            var user = PontoonUser(home, server)
            user.environment["SSL_CERT_FILE"] = authority.certificate.string
            let path = try user.makeFile("f", size: 12 << 20)
            let uploaded = try await user.upload(path.string)
            #expect(uploaded.code == 0, "\(uploaded)")
            let downloaded = try await user.run(["download", "admin/uploads/f", "--output", user.path("back")])
            #expect(downloaded.code == 0, "\(downloaded)")
            #expect(try user.bytes("back") == user.bytes("f"))
            let doctor = try await user.run(["doctor"])
            #expect(doctor.code == 0, "\(doctor)")

            let python = try await run(
                .path(Places.python),
                arguments: Arguments(["-c", Self.pythonClient, path.string, folder.appending("python").string]),
                environment: .inherit.updating([
                    "SB_API_ENDPOINT": server.endpoint, "SB_AUTH_TOKEN": server.token,
                    "REQUESTS_CA_BUNDLE": authority.certificate.string,
                ]),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            #expect(python.terminationStatus.isSuccess, "\(python.standardError)")
        }
    }

    private static let pythonClient = """
        import os, sys, sevenbridges
        source, target = sys.argv[1:]
        api = sevenbridges.Api(url=os.environ["SB_API_ENDPOINT"], token=os.environ["SB_AUTH_TOKEN"])
        upload = api.files.upload(source, project="admin/uploads", file_name="python", wait=True)
        upload.result().download(target)
        assert open(source, "rb").read() == open(target, "rb").read()
        """

    @Test("TLS before 1.2, cipher suites without forward secrecy, and plain HTTP are refused")
    func protocols() async throws {
        try await withTLSServer(key: "rsa:2048") { server, authority, _ in
            let trust = ["-CAfile", authority.certificate.string, "-verify_return_error"]
            for arguments in [["-tls1_2"], ["-tls1_3"], ["-alpn", "h2,http/1.1"]] {
                let connection = try await SecureConnection(server, trust + arguments)
                #expect(connection.isEstablished, "\(arguments): \(connection.report)")
            }
            let negotiated = try await SecureConnection(server, trust + ["-alpn", "h2,http/1.1"])
            #expect(negotiated.report.contains("ALPN protocol: http/1.1"), "\(negotiated.report)")
            for arguments in [
                // Security level 0 allows openssl to offer old protocols and ciphers.
                ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
                ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
            ] {
                let connection = try await SecureConnection(server, trust + arguments)
                #expect(!connection.isEstablished, "\(arguments): \(connection.report)")
            }
            let plain = try await curl([server.origin.replacing("https:", with: "http:") + "/healthz"])
            #expect(!plain.status.isSuccess, "\(plain)")
            try await expectStillServing(server, authority)
        }
    }

    @Test("a client that disconnects in the middle of a body is not logged as an internal error")
    func disconnect() async throws {
        try await withTLSServer { server, authority, _ in
            let result = try await run(
                .path(Places.python),
                arguments: Arguments([
                    "-c", Self.disconnectingClient, String(server.origin.split(separator: ":").last ?? ""),
                    authority.certificate.string,
                ]),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
            try await expectStillServing(server, authority)
            let log = try String(contentsOfFile: server.log.string, encoding: .utf8)
            #expect(!log.contains("internal error"), "\(log)")
        }
    }

    /// Python code that sends an incomplete body on 20 connections, and closes them without the TLS alert
    /// `close_notify`.
    private static let disconnectingClient = """
        import socket, ssl, sys
        context = ssl.create_default_context(cafile=sys.argv[2])
        for _ in range(20):
            plain = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            secure = context.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
            secure.sendall(b"POST /v2/upload_links/session HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n"
                           b"Content-Type: application/json\\r\\nX-Pontoon-Upload-Link: x\\r\\n"
                           b"Content-Length: 1000\\r\\n\\r\\n{\\"sender\\": ")
            secure.close()
        """

    @Test("a connection without a finished handshake is closed after a timeout, and counts towards the limit")
    func slowHandshake() async throws {
        let limits = ["--request-timeout", "30s", "--idle-timeout", "1h", "--max-connections", "8"]
        try await withTLSServer(arguments: limits) { server, authority, _ in
            // The start of a TLS record of 512 bytes. The client never sends the remaining bytes.
            let start = ByteBuffer(bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
            let before = try openSockets(of: server)
            try await withThrowingTaskGroup { group in
                // At most half of the connections may come from one address.
                for _ in 0..<4 {
                    group.addTask {
                        let response = try await RawConnection.with(server) { connection in
                            try await connection.write(start)
                            return try await connection.readToEnd()
                        }
                        #expect(response == "", "the connection is closed without a response")
                    }
                }
                try await eventually("the connections are accepted") { try openSockets(of: server) == before + 4 }
                try await authority.withHTTP { http in
                    let anybody = APIClient(origin: server.origin, http: http)
                    let refused = try await anybody.send(.GET, server.origin + "/healthz")
                    server.expectRefusal(refused, 503, 0, "one connection too many")
                }
                try await group.waitForAll()
            }
            try await expectStillServing(server, authority)
        }
    }

    private func openSockets(of server: ServerProcess) throws -> Int {
        let folder = "/proc/\(server.pid)/fd"
        return try FileManager.default.contentsOfDirectory(atPath: folder).count { name in
            // A descriptor that was closed after the listing no longer has a target.
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
            return target?.hasPrefix("socket:") ?? false
        }
    }

    @Test("the server needs little memory for many clients that request a large file but do not read it")
    func slowReaders() async throws {
        try await withTLSServer { server, authority, _ in
            try await authority.withHTTP { http in
                let api = APIClient(origin: server.origin, token: server.token, http: http)
                let file = try await api.upload("large", testBytes(seed: 5, count: 64 << 20), partSize: 32 << 20)
                let url = try await api.call(.GET, "/files/\(file)/download_info").text("url")
                let before = try server.peakMemory()
                // No response is read until all responses have started.
                let count = 64
                try await withThrowingTaskGroup { group in
                    for _ in 0..<count {
                        group.addTask { try await http.execute(HTTPClientRequest(url: url), timeout: .seconds(120)) }
                    }
                    var responses: [HTTPClientResponse] = []
                    for try await response in group { responses.append(response) }
                    #expect(responses.allSatisfy { $0.status == .ok } && responses.count == count)
                    let other = try await api.download(file)
                    #expect(other.readableBytes == 64 << 20)
                }
                let grown = try server.peakMemory() - before
                #expect(grown < 256 << 20, "\(grown >> 20) MiB more for \(count) downloads")
            }
        }
    }

    @Test("after SIGTERM, idle connections are closed and the server exits with 0")
    func shutdown() async throws {
        try await withTemporaryFolder { folder in
            let authority = try await TestAuthority(in: folder.appending("ca"))
            let pair = try await authority.issue("server")
            let options = ServerOptions(data: folder.appending("data"), arguments: pair.flags)
            let status = try await authority.withHTTP { http in
                try await withServer(options) { server in
                    let api = APIClient(origin: server.origin, token: server.token, http: http)
                    let response = try await api.call(.GET, "/user")
                    #expect(response.status == 200)
                }.status
            }
            #expect(status == .exited(0))
        }
    }
}

/// Runs `body` with a server, the authority that issued its certificate, and the folder that contains their files.
@discardableResult
func withTLSServer<Value: Sendable>(
    key: String = "ec",
    arguments: [String] = [],
    _ body: @Sendable (ServerProcess, TestAuthority, FilePath) async throws -> Value
) async throws -> Value {
    try await withTemporaryFolder { folder in
        let authority = try await TestAuthority(in: folder.appending("ca"))
        let pair = try await authority.issue("server", key: key)
        let options = ServerOptions(data: folder.appending("data"), arguments: pair.flags + arguments)
        return try await withServer(options) { try await body($0, authority, folder) }.value
    }
}

/// Checks that a file can still be uploaded to and downloaded from a server with TLS.
func expectStillServing(_ server: ServerProcess, _ authority: TestAuthority) async throws {
    try await authority.withHTTP { http in
        let api = APIClient(origin: server.origin, token: server.token, http: http)
        let bytes = pseudoRandomBytes(seed: 99, count: 3 << 20)
        let file = try await api.upload("still-serving.bin", bytes)
        #expect(try await api.download(file) == bytes, "the file differs after its upload and download")
    }
}
