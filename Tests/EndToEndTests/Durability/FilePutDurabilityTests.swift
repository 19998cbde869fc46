import Foundation
import NIOCore
import NIOHTTP1
import PontoonTesting
import SystemPackage
import Testing

/// Durability of a file that is stored in one call.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct FilePutDurabilityTests {
    @Test("a file is acknowledged after syncs of its bytes, its name and its record", arguments: [4096, 3_000_000])
    func respondsAfterSync(size: Int) async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appending("trace")
            let options = ServerOptions(data: folder.appending("data"))
            try await withServer(options) { server in
                let calls = [
                    "-e", "trace=pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync,link,linkat,unlink,unlinkat",
                ]
                let file = try await withStrace(server, calls, output: output) {
                    try await server.api.putFile("traced", pseudoRandomBytes(seed: 1, count: size)).text("id")
                }
                let trace = SystemCallTrace(try String(contentsOfFile: output.string, encoding: .utf8)).calls
                let named = try #require(trace.first { $0.name.hasPrefix("link") }, "no second name")
                let paths = named.arguments.matches(of: #/"(\/[^"]*)"/#).map(\.1)
                let (marker, object) = (try #require(paths.first), FilePath(String(try #require(paths.last))))
                #expect(marker.hasSuffix(".put") && object.string.contains("objects/files/"))
                func isSync(_ call: SystemCallTrace.Call, of path: Substring) -> Bool {
                    ["fdatasync", "fsync"].contains(call.name) && call.paths.first == path && call.succeeded
                }
                let written = try #require(
                    trace.last { ["write", "pwrite64"].contains($0.name) && $0.paths.first == marker }
                )
                let synced = try #require(trace.first { isSync($0, of: marker) && $0.begin > written.end })
                let directory = Substring(object.removingLastComponent().string)
                let kept = try #require(trace.first { isSync($0, of: directory) && $0.begin > named.end })
                let record = try #require(
                    trace.first {
                        $0.name == "pwrite64" && $0.paths.first?.hasSuffix("-wal") == true
                            && $0.arguments.contains(file)
                    }
                )
                let log = try #require(record.paths.first)
                #expect(record.begin > max(synced.end, kept.end), "the object is durable before its record")
                let committed = try #require(trace.first { isSync($0, of: log) && $0.begin > record.end })
                let removed = try #require(trace.first { $0.name.hasPrefix("unlink") && $0.arguments.contains(marker) })
                #expect(removed.begin > committed.end, "the mark is removed after the commit")
                let response = try #require(trace.first { $0.arguments.contains("HTTP/1.1 201 Created") })
                #expect(response.begin > committed.end, "the file is acknowledged after the commit")
            }
        }
    }
}
