import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// The list of an upload's stored parts, which is an extension of the API.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct StoredPartsTests {
    private func item(_ number: Int64, _ etag: String) -> JSONValue {
        ["part_number": .integer(number), "response": ["headers": ["ETag": .string(etag)]]]
    }

    @Test("stored parts are listed on request, reported or not, with their current ETags")
    func list() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            #expect(try await api.call(.GET, "/")["extensions"]?.strings?.contains("stored_parts") == true)
            let upload = try await api.initialize("a", size: nil)
            let path = "/upload/multipart/\(upload)"
            #expect(try await api.call(.GET, path + "?stored_parts=true")["stored_parts"] == [])
            let first = try await api.store(upload, 1, ByteBuffer(string: "a"))
            for text in ["b", "c"] {
                #expect(try await api.put(upload, 3, ByteBuffer(string: text)).status == 200)
            }
            let third = tag(of: ByteBuffer(string: "c"))
            let details = try await api.call(.GET, path + "?stored_parts=TRUE&list_parts=true")
            #expect(details["stored_parts"] == [item(1, first), item(3, third)], "\(details.bodyText)")
            #expect(details["parts"] == [item(1, first)])
            #expect(try await api.call(.GET, path)["stored_parts"] == nil)
        }
    }
}
