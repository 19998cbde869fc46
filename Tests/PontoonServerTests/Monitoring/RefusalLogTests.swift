import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

/// Log lines about refused requests, with which a caller must not be able to fill the log.
@Suite(.timeLimit(.minutes(10)))
struct RefusalLogTests {
    @Test("text with U+0000 is refused without a log line at level warning or error")
    func nullCharacter() async throws {
        try await withTestServer { server in
            let file = try await server.api.uploadSmall("a")
            let ids = JSONValue.array((0..<1000).map { .string("\u{0}\($0)") })
            let copy = try await server.api.call(
                .POST,
                "/action/files/copy",
                ["project": "admin/uploads", "file_ids": ids]
            )
            #expect(copy.status == 200)
            for call in ["get", "delete"] {
                let body: JSONValue = ["file_ids": .array((0..<100).map { .string("\u{0}\($0)") })]
                #expect(try await server.api.call(.POST, "/bulk/files/\(call)", body).status == 200, "\(call)")
            }
            let files = "/files?project=admin/uploads&"
            let calls: [(HTTPMethod, String, JSONValue?)] = [
                (.GET, "/files/%00", nil), (.DELETE, "/files/%00", nil), (.GET, "/files?parent=%00", nil),
                (.GET, "\(files)name=%00", nil), (.GET, "\(files)tag=%00", nil),
                (.GET, "\(files)metadata.k=%00", nil), (.GET, "\(files)metadata.%00=v", nil),
                (.GET, "/files?project=admin/%00", nil), (.GET, "/projects?name=%00", nil),
                (.GET, "/projects?tag=%00", nil), (.GET, "/projects/admin/%00", nil),
                (.GET, "/projects/admin/uploads/members/%00", nil), (.GET, "/upload/multipart/%00", nil),
                (.DELETE, "/upload/multipart/%00", nil), (.GET, "/tokens/%00", nil), (.GET, "/webhooks/%00", nil),
                (.GET, "/events?project=admin/%00", nil), (.GET, "/upload_links/%00", nil),
                (.GET, "/async/files/copy/%00", nil), (.PATCH, "/files/\(file)", ["tags": ["\u{0}"]]),
                (.PATCH, "/files/\(file)/metadata", ["k": "\u{0}"]), (.POST, "/projects", ["name": "\u{0}"]),
            ]
            for (method, path, body) in calls {
                let response = try await server.api.call(method, path, body)
                #expect((400..<500).contains(response.status), "\(method) \(path): \(response.bodyText)")
            }
            let lines = server.log.split(separator: "\n")
            let loud = lines.filter { $0.hasPrefix("warning") || $0.hasPrefix("error") }
            #expect(loud.isEmpty, "\(loud.prefix(5))")
        }
    }

    @Test("only the first cause in a request is logged at level warning")
    func causes() {
        let record = RequestRecord()
        #expect((0..<3).map { _ in record.admitCause() } == [true, false, false])
    }
}
