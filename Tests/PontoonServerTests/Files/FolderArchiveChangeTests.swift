import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Downloads of folder archives while the folder changes, and limits of folder archives.
@Suite(.timeLimit(.minutes(10)))
struct FolderArchiveChangeTests {
    @Test(
        "once the folder has changed, its earlier URL is refused",
        arguments: ["add", "addFolder", "delete", "rename", "move", "overwrite", "renameFolder"]
    )
    func changes(change: String) async throws {
        try await withTestServer(arguments: smallParts) { server in
            let folder = try await server.api.makeFolder("run")
            let inner = try await server.api.makeFolder("inner", in: folder)
            let file = try await server.api.putFile("a", ByteBuffer(string: "abc"), to: "parent=\(inner)").text("id")
            let url = try await server.api.archiveInfo(folder).text("url")
            #expect(try await server.api.send(.GET, url).status == 200)
            let response: APIResponse
            switch change {
            case "add": response = try await server.api.copy(file, ["parent": .string(inner), "name": "b"])
            case "addFolder":
                response = try await server.api.call(
                    .POST,
                    "/files",
                    ["parent": .string(inner), "name": "b", "type": "folder"]
                )
            case "delete": response = try await server.api.call(.DELETE, "/files/\(file)")
            case "rename": response = try await server.api.call(.PATCH, "/files/\(file)", ["name": "b"])
            case "move": response = try await server.api.move(file, ["parent": .string(folder)])
            case "overwrite":
                response = try await server.api.putFile(
                    "a",
                    ByteBuffer(string: "xyz"),
                    to: "parent=\(inner)",
                    onConflict: "overwrite"
                )
            default: response = try await server.api.move(inner, ["parent": .string(folder), "name": "other"])
            }
            #expect(response.status < 300, "\(response.bodyText)")
            for range in ["", "bytes=0-9"] {
                let headers: HTTPHeaders = range.isEmpty ? [:] : ["Range": range]
                let refused = try await server.api.send(.GET, url, headers: headers)
                server.expectRefusal(refused, 412, 90000, "\(change)")
            }
            let next = try await server.api.archiveInfo(folder).text("url")
            #expect(next != url)
            #expect(try await server.api.send(.GET, next).status == 200)
        }
    }

    @Test("changes outside of the folder do not invalidate its URL")
    func otherChanges() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let folder = try await server.api.makeFolder("run")
            _ = try await server.api.putFile("a", ByteBuffer(string: "abc"), to: "parent=\(folder)")
            let url = try await server.api.archiveInfo(folder).text("url")
            _ = try await server.api.uploadSmall("elsewhere")
            #expect(try await server.api.send(.GET, url).status == 200)
        }
    }

    @Test("if a file is deleted while the archive is sent, the connection is closed and the reason is logged")
    func deletion() async throws {
        try await withEnduringServer { server in
            let folder = try await server.api.makeFolder("run")
            let first = ByteBuffer(repeating: 1, count: 40 << 20)
            let place = "parent=\(folder)"
            _ = try await server.api.putFile("first", first, to: place).text("id")
            let second = try await server.api.putFile("second", first, to: place).text("id")
            let url = try await server.api.archiveInfo(folder).text("url")
            let target = url.dropFirst(server.origin.count)
            let received = try await RawConnection.with(server) { connection in
                try await connection.write("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
                let head = try await connection.readHead()
                // The first file is larger than all buffers of the connection.
                #expect(try await server.api.call(.DELETE, "/files/\(second)").status == 204)
                return (head, try await connection.countToEnd())
            }
            #expect(received.0.contains("200 OK"))
            // Bytes that were not sent yet may be discarded.
            #expect(received.1 > 1 << 20 && received.1 < 80 << 20)
            try await eventually("the reason is logged") { server.log.contains("folder download aborted") }
            #expect(!server.log.contains("internal error"))
        }
    }

    @Test("if content that has not been sent yet changes, the connection is closed")
    func changeWhileSending() async throws {
        try await withEnduringServer { server in
            let folder = try await server.api.makeFolder("run")
            let place = "parent=\(folder)"
            _ = try await server.api.putFile("first", ByteBuffer(repeating: 1, count: 40 << 20), to: place)
            let last = try #require(try await server.api.addManyFiles(to: folder)["x/999"]?["id"]?.scalarText)
            let url = try await server.api.archiveInfo(folder).text("url")
            let target = url.dropFirst(server.origin.count)
            let count = try await RawConnection.with(server) { connection in
                try await connection.write("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await connection.readHead()
                let rename: JSONValue = ["name": "998b"]
                #expect(try await server.api.call(.PATCH, "/files/\(last)", rename).status == 200)
                return try await connection.countToEnd()
            }
            // The first thousand entries were read before the change.
            #expect(count > 1 << 20 && count < 40 << 20 + 1200 << 10)
            try await eventually("the reason is logged") {
                server.log.contains("folder download aborted") && server.log.contains("preconditionFailed")
            }
        }
    }

    @Test("a user downloads at most four folders at once")
    func limit() async throws {
        try await withTestServer(.live) { server in
            let folder = try await server.api.makeFolder("run")
            let bytes = ByteBuffer(repeating: 1, count: 40 << 20)
            _ = try await server.api.putFile("long", bytes, to: "parent=\(folder)")
            let url = try await server.api.archiveInfo(folder).text("url")
            let request = "GET \(url.dropFirst(server.origin.count)) HTTP/1.1\r\nHost: x\r\n\r\n"
            try await RawConnection.with(server) { first in
                try await RawConnection.with(server) { second in
                    try await RawConnection.with(server) { third in
                        try await RawConnection.with(server) { fourth in
                            for connection in [first, second, third, fourth] {
                                try await connection.write(request)
                                #expect(try await connection.readHead().contains("200 OK"))
                            }
                            server.expectRefusal(try await server.api.send(.GET, url), 503, 0, "fifth")
                        }
                    }
                }
            }
            try await eventually("the downloads no longer count") {
                try await server.api.send(.HEAD, url).status == 200
            }
        }
    }

    @Test("folders that are nested too deeply are refused")
    func depth() async throws {
        try await withTestServer { server in
            let top = try await server.api.makeFolder("d0")
            var folder = top
            for depth in 1..<64 { folder = try await server.api.makeFolder("d\(depth)", in: folder) }
            let url = try await server.api.archiveInfo(top).text("url")
            _ = try await server.api.makeFolder("d64", in: folder)
            let refused = try await server.api.call(.GET, "/files/\(top)/archive_info")
            server.expectRefusal(refused, 400, 90000, "too deep")
            server.expectRefusal(try await server.api.send(.GET, url), 412, 90000, "changed")
        }
    }
}

extension APIClient {
    /// Stores 1500 files in the subfolder `x` of a folder.
    func addManyFiles(to folder: String) async throws -> ArchiveResponse {
        var tar = TarBuilder()
        for number in 0..<1500 { tar.add("x/\(number)", Array("\(number)".utf8)) }
        let response = try await putArchive(tar.finished(), to: "parent=\(folder)")
        try #require(response.summary?["summary"]?["files"] == 1500)
        return response
    }
}
