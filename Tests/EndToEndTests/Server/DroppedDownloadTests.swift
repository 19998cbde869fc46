import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Downloads whose clients disconnect.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct DroppedDownloadTests {
    @Test("a dropped download closes its file exactly once")
    func droppedDownloads() async throws {
        try await withTemporaryFolder { folder in
            let trace = folder.appending("trace")
            // With -D, the started process is the server, and strace runs as a separate process.
            let wrapper = ["/usr/bin/env", "strace", "-D", "-f", "-o", trace.string, "-e", "trace=close"]
            let options = ServerOptions(data: folder.appending("data"), wrapper: wrapper)
            try await withServer(options) { server in
                let file = try await server.api.upload("f", pseudoRandomBytes(seed: 17, count: 3 << 20))
                let url = try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
                let path = try target(url)
                for round in 1...100 {
                    // Every second client reads the head of the response before it disconnects.
                    try await RawConnection.with(server) { connection in
                        try await connection.write("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                        if round % 2 == 0 { _ = try await connection.read(until: "\r\n\r\n") }
                    }
                }
                try await eventually("no file is open that nobody reads") {
                    try server.openFiles(under: "objects/files") == 0
                }
            }
            var calls = ""
            try await eventually("strace ends") {
                calls = try String(contentsOfFile: trace.string, encoding: .utf8)
                return calls.contains("+++ exited with 0 +++")
            }
            // A closed descriptor's number is reused, so a second close would close an unrelated file.
            #expect(calls.split(separator: "\n").filter { $0.contains("EBADF") } == [])
        }
    }
}

extension ServerProcess {
    /// Returns the number of the server's open files below a folder of its data directory.
    fileprivate func openFiles(under folder: String) throws -> Int {
        let numbers = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
        let prefix = data.appending(folder).string
        return numbers.count { number in
            // A file that was closed in the meantime counts as closed.
            let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(number)")
            return path?.hasPrefix(prefix) ?? false
        }
    }
}
