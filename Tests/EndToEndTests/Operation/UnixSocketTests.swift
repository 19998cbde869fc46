import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// A server that listens on a Unix socket.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct UnixSocketTests {
    @Test("curl uploads and downloads a file over the socket, whose permissions are set")
    func upload() async throws {
        try await withTemporaryFolder { folder in
            let socket = folder.appending("pontoon.sock")
            let data = folder.appending("data")
            try await withSocketServer(socket, data, ["--socket-mode", "600", "--max-connections", "4"]) { _, output in
                #expect(output.contains("Listening on unix:\(socket)\n"), "\(output)")
                #expect(!output.contains("The console is at"), "\(output)")
                var status = stat()
                try #require(stat(socket.string, &status) == 0)
                #expect(status.st_mode & 0o777 == 0o600 && status.st_mode & S_IFMT == S_IFSOCK)

                let credentials = try String(contentsOfFile: data.appending("credentials").string, encoding: .utf8)
                #expect(credentials.contains("api_endpoint = http://localhost/v2\n"))
                let token = try #require(credentials.firstMatch(of: #/auth_token = (.+)/#)).1
                let api = [
                    "--fail-with-body", "--unix-socket", socket.string, "-H", "X-SBG-Auth-Token: \(token)",
                ]
                let file = folder.appending("file")
                let bytes = Data(testBytes(seed: 1, count: 6 << 20).readableBytesView)
                try bytes.write(to: URL(filePath: file.string))
                func call(_ arguments: String...) async throws -> APIResponse {
                    let result = try await curl(api + arguments)
                    try #require(result.status.isSuccess, "\(result)")
                    return APIResponse(status: 200, headers: [:], body: ByteBuffer(string: result.output))
                }
                let base = "http://localhost/v2/upload/multipart"
                let new = "{\"project\":\"admin/uploads\",\"name\":\"f\",\"size\":\(bytes.count),\"part_size\":8388608}"
                let upload = try await call("--json", new, base).text("upload_id")
                let url = try await call("\(base)/\(upload)/part/1").text("url")
                #expect(url.hasPrefix("http://localhost/storage/"))
                let sent = try await curl(api + ["--include", "--upload-file", file.string, url])
                let etag = try #require(sent.output.firstMatch(of: #/(?i)etag: "(.+)"/#), "\(sent)").1
                let report = "{\"parts\":[{\"part_number\":1,\"response\":{\"headers\":{\"ETag\":\"\(etag)\"}}}]}"
                let id = try await call("--json", report, "\(base)/\(upload)/complete").text("id")
                let link = try await call("http://localhost/v2/files/\(id)/download_info").text("url")
                let copy = folder.appending("copy")
                _ = try await curl(api + ["--output", copy.string, link])
                #expect(try Data(contentsOf: URL(filePath: copy.string)) == bytes)

                // The limit per client address, at most half of all connections, does not apply to the socket of a
                // proxy.
                try await withSocketConnections(3, to: socket) {
                    let health = try await curl(["--unix-socket", socket.string, "http://localhost/healthz"])
                    #expect(health.output == "{\"status\":\"ok\"}", "\(health)")
                }
            }
        }
    }

    @Test("a socket that another server uses is refused, and the socket of a killed server is replaced")
    func inUse() async throws {
        try await withTemporaryFolder { folder in
            let socket = folder.appending("pontoon.sock")
            try await withSocketServer(socket, folder.appending("data")) { pid, _ in
                let other = ["--data", folder.appending("other").string, "--listen", "unix:\(socket)"]
                try await runServer(other).expectRefusal("'listen'", "another process uses the socket")
                kill(pid, SIGKILL)
            }
            #expect(FileManager.default.fileExists(atPath: socket.string))
            try await withSocketServer(socket, folder.appending("data")) { _, _ in
                let health = try await curl(["--unix-socket", socket.string, "http://localhost/healthz"])
                #expect(health.status.isSuccess, "\(health)")
            }
            let file = folder.appending("file")
            try "text".write(toFile: file.string, atomically: true, encoding: .utf8)
            let long = "/tmp/" + String(repeating: "a", count: 200)
            for (path, problem) in [
                (file.string, "is not a socket"), ("/nowhere/pontoon.sock", "No such file or directory"),
                (long, "at most 107 bytes"), ("", "at most 107 bytes"),
            ] {
                try await runServer(["--data", folder.appending("other").string, "--listen", "unix:\(path)"])
                    .expectRefusal("'listen'", problem)
            }
            #expect(try String(contentsOfFile: file.string, encoding: .utf8) == "text")
        }
    }

    /// Runs `body` while `count` connections to the socket are open.
    private func withSocketConnections(
        _ count: Int,
        to socket: FilePath,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        guard count > 0 else { return try await body() }
        let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        try await RawConnection.with(socket: socket) { connection in
            // A response proves that the server has admitted the connection.
            try await connection.write(request)
            _ = try await connection.read(until: "\"ok\"}")
            try await withSocketConnections(count - 1, to: socket, body)
        }
    }

    /// Runs `body` with the process id of a server on a socket, and with the output that the server has printed.
    private func withSocketServer(
        _ socket: FilePath,
        _ data: FilePath,
        _ arguments: [String] = [],
        _ body: @escaping @Sendable (pid_t, String) async throws -> Void
    ) async throws {
        _ = try await run(
            .path(Places.pontoond),
            arguments: Arguments(["serve", "--data", data.string, "--listen", "unix:\(socket)"] + arguments),
            input: .none,
            output: .sequence,
            error: .discarded
        ) { execution in
            let pid = execution.processIdentifier.value
            var output = ""
            for try await line in execution.standardOutput.strings() {
                output += line.trimmingCharacters(in: .newlines) + "\n"
                if line.hasPrefix("Credentials are in ") { break }
            }
            do { try await body(pid, output) } catch {
                kill(pid, SIGTERM)
                throw error
            }
            kill(pid, SIGTERM)
        }
    }
}
