import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Downloads whose bytes the kernel sends directly from the file (`sendfile`): the order of responses, slow clients,
/// and closing of the file.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct FileBodyTests {
    /// Content of the file that the tests download.
    ///
    /// The content consists of letters, so that responses can be read as text.
    private static let text = String(
        decoding: pseudoRandomBytes(seed: 31, count: 24 << 20).readableBytesView.map { 97 + $0 % 26 },
        as: UTF8.self
    )

    private func stored(_ server: ServerProcess) async throws -> String {
        let file = try await server.api.upload("text", ByteBuffer(string: Self.text))
        return try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
    }

    private static func slice(_ range: Range<Int>) -> String {
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        return String(text[start..<utf8.index(start, offsetBy: range.count)])
    }

    /// Returns the number of the server's open files that are objects.
    private func openObjects(_ server: ServerProcess) throws -> Int {
        let folder = "/proc/\(server.pid)/fd"
        return try FileManager.default.contentsOfDirectory(atPath: folder).count { name in
            // A descriptor that was closed after the listing no longer has a target.
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
            return target?.contains("/objects/files/") ?? false
        }
    }

    /// Returns whether the process has exited; a zombie counts as exited.
    private func hasEnded(_ server: ServerProcess) -> Bool {
        guard let state = try? String(contentsOfFile: "/proc/\(server.pid)/stat", encoding: .utf8) else { return true }
        return state.contains(") Z ")
    }

    private func isSentByTheSystem(_ server: ServerProcess, _ folder: FilePath, _ url: String) async throws -> Bool {
        let output = folder.appending("trace")
        try await withStrace(server, ["-e", "trace=sendfile"], output: output) {
            let response = try await server.api.send(.GET, url, headers: ["Range": "bytes=5-1000004"])
            #expect(String(buffer: response.body) == Self.slice(5..<1_000_005))
        }
        return SystemCallTrace(try String(contentsOfFile: output.string, encoding: .utf8)).calls
            .contains { $0.name == "sendfile" && $0.succeeded }
    }

    @Test("cached bytes are sent with sendfile")
    func sendfile() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"))
            _ = try await withServer(options) { server in
                let url = try await stored(server)
                let isSent = try await isSentByTheSystem(server, folder, url)
                #expect(isSent)
                try await eventually("the file is closed") { try openObjects(server) == 0 }
            }
        }
    }

    @Test("pipelined responses are complete and in order, with and without file bodies")
    func pipelined() async throws {
        try await withServer { server in
            let url = try await stored(server)
            var random = SeededGenerator(seed: 32)
            let ranges = (0..<60).map { _ in
                let start = Int.random(in: 0..<(20 << 20), using: &random)
                return start..<(start + Int.random(in: 1...200_000, using: &random))
            }
            let expected = ranges.map(Self.slice)
            try await withThrowingTaskGroup { group in
                for _ in 1...4 {
                    group.addTask {
                        try await RawConnection.with(server) { connection in
                            let get = "GET \(try target(url)) HTTP/1.1\r\nHost: a\r\n"
                            let head = get.replacing("GET", with: "HEAD")
                            for range in ranges {
                                let bytes = "Range: bytes=\(range.lowerBound)-\(range.upperBound - 1)\r\n\r\n"
                                try await connection.write(
                                    get + bytes + head + "\r\n" + get + "If-None-Match: *\r\n\r\n"
                                )
                                try await connection.write("GET /storage/files/none HTTP/1.1\r\nHost: a\r\n\r\n")
                            }
                            for text in expected {
                                let response = try await connection.readResponse()
                                #expect(response.status == 206)
                                #expect(response.body == text)
                                let told = try await connection.readHead()
                                #expect(told.hasPrefix("HTTP/1.1 200 "))
                                let same = try await connection.readHead()
                                #expect(same.hasPrefix("HTTP/1.1 304 "))
                                #expect(try await connection.readResponse().status == 403)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await eventually("the files are closed") { try openObjects(server) == 0 }
        }
    }

    @Test("clients that disconnect leave no open files")
    func cutOff() async throws {
        try await withServer { server in
            let url = try await stored(server)
            try await withThrowingTaskGroup { group in
                for _ in 1...40 {
                    group.addTask {
                        try await RawConnection.with(server) { connection in
                            try await connection.write("GET \(try target(url)) HTTP/1.1\r\nHost: a\r\n\r\n")
                            _ = try await connection.read(until: "\r\n\r\n")
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await eventually("the files are closed") { try openObjects(server) == 0 }
            #expect(String(buffer: try await server.api.send(.GET, url).body) == Self.text)
            let log = try String(contentsOfFile: server.log.string, encoding: .utf8)
            let errors = log.split(separator: "\n").filter { $0.contains(" error ") || $0.contains(" critical ") }
            #expect(errors == [])
        }
    }

    @Test("a slow client may take longer than the idle timeout, which starts after its last request")
    func slowReader() async throws {
        try await withServer(arguments: ["--idle-timeout", "10s"]) { server in
            let url = try await stored(server)
            let start = ContinuousClock.now
            let received = try await RawConnection.with(server) { connection in
                try await connection.write("GET \(try target(url)) HTTP/1.1\r\nHost: a\r\n\r\n")
                let head = try await connection.read(until: "\r\n\r\n")
                // The pause is longer than the time after which the server considers a client slow.
                try await Task.sleep(for: .seconds(3))
                return head + (try await connection.readToEnd(limit: 64 << 20))
            }
            #expect(received.hasSuffix("\r\n\r\n" + Self.text))
            #expect(ContinuousClock.now - start > .seconds(13), "it was cut off before the timeout")
            try await eventually("the file is closed") { try openObjects(server) == 0 }
        }
    }

    @Test("a client that reads nothing of a response is disconnected after the idle timeout")
    func stalledReader() async throws {
        try await withServer(arguments: ["--idle-timeout", "2s"]) { server in
            let url = try await stored(server)
            try await RawConnection.with(server) { connection in
                try await connection.write("GET \(try target(url)) HTTP/1.1\r\nHost: a\r\n\r\n")
                // The read fails if the test is so slow that the server has already closed the connection.
                _ = try? await connection.read(until: "\r\n\r\n")
                try await eventually("the file is closed") { try openObjects(server) == 0 }
                try await server.expectStillServing()
                // The rest of the response was not sent.
                let rest = try? await connection.readToEnd(limit: 64 << 20)
                #expect((rest?.utf8.count ?? 0) < Self.text.utf8.count)
            }
        }
    }

    @Test("uncached bytes between cached ones are sent in order")
    func notInMemory() async throws {
        try await withServer { server in
            let url = try await stored(server)
            let objects = server.data.appending("objects/files").string
            let name = try #require(FileManager.default.subpaths(atPath: objects)?.first { $0.count > 8 })
            // A hole in a file is not in the page cache until it is read.
            let file = try FileDescriptor.open(FilePath("\(objects)/\(name)"), .readWrite)
            try file.closeAfter {
                #expect(ftruncate(file.rawValue, 3_000_000) == 0)
                #expect(ftruncate(file.rawValue, 9_000_000) == 0)
                try file.writeAll(toAbsoluteOffset: 9_000_000, Self.text.utf8.dropFirst(9_000_000))
            }
            let body = try await server.api.send(.GET, url).body
            let zeroes = String(repeating: "\0", count: 6_000_000)
            #expect(String(buffer: body) == Self.slice(0..<3_000_000) + zeroes + Self.slice(9_000_000..<(24 << 20)))
        }
    }

    @Test("after SIGTERM, a running download is completed, and a stalled download ends with the grace period")
    func shutdown() async throws {
        for stalls in [false, true] {
            try await withTemporaryFolder { folder in
                let options = ServerOptions(
                    data: folder.appending("data"),
                    arguments: ["--grace", stalls ? "1s" : "1h"]
                )
                let (_, status) = try await withServer(options) { server in
                    let url = try await stored(server)
                    try await RawConnection.with(server) { connection in
                        try await connection.write("GET \(try target(url)) HTTP/1.1\r\nHost: a\r\n\r\n")
                        let head = try await connection.read(until: "\r\n\r\n")
                        server.signal(SIGTERM)
                        if stalls {
                            try await eventually("the server exits") { hasEnded(server) }
                        } else {
                            let rest = try await connection.readToEnd(limit: 64 << 20)
                            #expect((head + rest).hasSuffix("\r\n\r\n" + Self.text))
                        }
                    }
                }
                #expect(status == .exited(0))
            }
        }
    }
}
