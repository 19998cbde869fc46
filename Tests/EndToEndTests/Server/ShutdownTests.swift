import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Shutdown after a signal, and the lock on the data directory.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ShutdownTests {
    @Test("after SIGTERM, no connection is accepted, a running part gets its response, and the server exits with 0")
    func runningPart() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            let bytes = pseudoRandomBytes(seed: 1, count: 3 << 20)
            let (upload, status) = try await withServer(options) { server in
                let upload = try await server.api.initialize("last", size: bytes.readableBytes, partSize: 3 << 20)
                let url = try await server.api.partURL(upload, 1)
                let response = try await RawConnection.with(server) { connection in
                    try await begin(url, bytes, on: connection, of: server)
                    server.signal(SIGTERM)
                    try await eventually("new connections are refused") { try await !accepts(server) }
                    try await connection.write(bytes.getSlice(at: 1 << 20, length: 2 << 20) ?? ByteBuffer())
                    return try APIResponse(raw: try await connection.readToEnd())
                }
                #expect(response.status == 200 && response.headers["ETag"] == ["\"\(tag(of: bytes))\""], "\(response)")
                return upload
            }
            #expect(status == .exited(0))
            try await withServer(options) { server in
                #expect(try await server.api.report(upload, 1, .string(tag(of: bytes))).status == 200)
                let file = try await server.api.complete(upload).text("id")
                #expect(try await server.api.download(file) == bytes)
            }
        }
    }

    @Test("a stalled part delays the exit by at most the grace period")
    func stalledPart() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(
                data: folder.appending("data"),
                arguments: smallParts + ["--grace", "1s", "--idle-timeout", "1h"]
            )
            let bytes = pseudoRandomBytes(seed: 2, count: 3 << 20)
            let (_, status) = try await withServer(options) { server in
                let upload = try await server.api.initialize("stalled", size: bytes.readableBytes, partSize: 3 << 20)
                let url = try await server.api.partURL(upload, 1)
                let response = try await RawConnection.with(server) { connection in
                    try await begin(url, bytes, on: connection, of: server)
                    server.signal(SIGTERM)
                    return try await connection.readToEnd()
                }
                #expect(!response.contains("200 OK"))
            }
            #expect(status == .exited(0))
        }
    }

    @Test("an idle server exits immediately, even with open connections")
    func idleConnections() async throws {
        try await withTemporaryFolder { folder in
            // A server that waited for the whole grace period would not exit in time.
            let options = ServerOptions(
                data: folder.appending("data"),
                arguments: ["--grace", "1h", "--idle-timeout", "1h"]
            )
            let (_, status) = try await withServer(options) { server in
                try await RawConnection.with(server) { connection in
                    try await connection.write("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await connection.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
                    server.signal(SIGTERM)
                    #expect(try await connection.readToEnd() == "")
                }
            }
            #expect(status == .exited(0))
        }
    }

    @Test("a second server on the same data is rejected, and the first continues")
    func secondServer() async throws {
        try await withServer { server in
            let second = try await runServer(["--data", server.data.string, "--listen", "127.0.0.1:0"])
            second.expectRefusal("data")
            #expect(try await server.api.call(.GET, "/user").status == 200)
            _ = try await server.api.upload("after", pseudoRandomBytes(seed: 3, count: 1000))
        }
    }

    /// Sends the head and the first MiB of a part, and waits until the server has received them.
    private func begin(_ url: String, _ bytes: ByteBuffer, on connection: RawConnection, of server: ServerProcess)
        async throws
    {
        try await connection.write(
            """
            PUT \(try target(url)) HTTP/1.1\r\nHost: a\r\nContent-Length: \(bytes.readableBytes)\r\n\
            Expect: 100-continue\r\n\r\n
            """
        )
        #expect(try await connection.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100"))
        try await connection.write(bytes.getSlice(at: 0, length: 1 << 20) ?? ByteBuffer())
    }

    /// Returns whether the server accepts a new connection.
    private func accepts(_ server: ServerProcess) async throws -> Bool {
        do {
            try await RawConnection.with(server) { _ in }
            return true
        } catch is NIOConnectionError {
            return false
        }
    }
}
