import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// A `PUT` that is still running after its upload was deleted.
@Suite(.timeLimit(.minutes(10)))
struct LatePartTests {
    @Test("a part that fails after its project was deleted does not affect a copy of the file")
    func copyOutlivesLatePart() async throws {
        try await withTestServer(.live) { server in
            let api = server.api
            let first = try await api.call(.POST, "/projects", ["name": "First"]).text("id")
            let second = try await api.call(.POST, "/projects", ["name": "Second"]).text("id")
            let body: JSONValue = ["project": .string(first), "name": "a", "size": 3]
            let upload = try await api.call(.POST, "/upload/multipart", body).text("upload_id")
            let url = try await api.partURL(upload, 1)
            let copy = try await RawConnection.with(server) { connection in
                let head = "Host: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
                try await connection.write("PUT \(url.dropFirst(server.origin.count)) HTTP/1.1\r\n\(head)")
                #expect(try await connection.read(until: "100 Continue").contains("100 Continue"))
                try await connection.write("a")
                try await api.store(upload, 1, ByteBuffer(string: "abc"))
                let file = try await api.complete(upload).text("id")
                let copied = try await api.call(.POST, "/files/\(file)/actions/copy", ["project": .string(second)])
                let deleted = try await api.call(.DELETE, "/projects/\(first)")
                #expect(deleted.status == 204)
                try await connection.write("bc")
                #expect(try await connection.read(until: "404").contains("HTTP/1.1 404"))
                return try copied.text("id")
            }
            #expect(try await api.download(copy) == ByteBuffer(string: "abc"))
        }
    }
}
