import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Uploads whose project is locked before they are complete.
@Suite(.timeLimit(.minutes(10)))
struct LockedUploadTests {
    private static let home = "/projects/admin/uploads"

    private static func setLock(_ isLocked: Bool, _ api: APIClient) async throws {
        try await api.perform(.PATCH, home, ["settings": ["locked": .bool(isLocked)]])
    }

    /// Checks that an upload cannot be continued because its project is locked.
    private static func expectStandstill(_ upload: String, _ etag: String, _ server: TestServer) async throws {
        let path = "/upload/multipart/\(upload)"
        let part: JSONValue = ["part_number": 2, "response": ["headers": ["ETag": .string(etag)]]]
        let calls: [(HTTPMethod, String, JSONValue?)] = [
            (.GET, "/part/1", nil), (.POST, "/part", part), (.POST, "", ["parts": [part]]), (.POST, "/complete", nil),
            (.POST, "/complete", ["parts": [part]]),
        ]
        for (method, step, body) in calls {
            let response = try await server.api.call(method, path + step, body)
            server.expectRefusal(response, 403, 8001, "\(method) \(step)")
            let message = try response.text("message")
            #expect(message == "Project admin/uploads is locked; an admin can unlock it in its settings.")
        }
    }

    @Test(
        "refused calls do not change an upload in a locked project, and it can be completed after the unlock"
    )
    func unlocked() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let api = server.api
            let upload = try await api.initialize("a", size: 6, partSize: 3)
            try await api.store(upload, 1, ByteBuffer(string: "abc"))
            let stored = try await api.put(upload, 2, ByteBuffer(string: "def"))
            let etag = try #require(stored.headers.first(name: "ETag"))
            let details = "/upload/multipart/\(upload)?list_parts=true"
            let before = try await api.call(.GET, details).json
            try await Self.setLock(true, api)
            try await Self.expectStandstill(upload, etag, server)
            #expect(try await api.call(.GET, details).json == before)
            #expect(try await api.listed("/files?project=admin/uploads") == [])
            try await Self.setLock(false, api)
            #expect(try await api.report(upload, 2, .string(etag)).status == 200)
            let completed = try await api.complete(upload)
            #expect(completed.status == 201)
            #expect(try await api.download(try completed.text("id")) == ByteBuffer(string: "abcdef"))
        }
    }

    @Test(
        "a completion that is running when its project is locked succeeds, and repeated calls are refused until it ends"
    )
    func underWay() async throws {
        try await withHeldValidation { server, folder in
            let api = server.api
            let upload = try await api.initialize("a", size: 3)
            let etag = try await api.store(upload, 1, ByteBuffer(string: "abc"))
            async let first = api.complete(upload)
            try await eventually("the validation runs") { Self.exists("running", in: folder) }
            try await Self.setLock(true, api)
            try await Self.expectStandstill(upload, etag, server)
            try Self.create("accepting", in: folder)
            try Self.create("released", in: folder)
            let completed = try await first
            #expect(completed.status == 201)
            let file = try completed.text("id")
            #expect(try await api.download(file) == ByteBuffer(string: "abc"))
            // A repeated complete changes nothing, so it still returns the file.
            let repeated = try await api.complete(upload)
            #expect(repeated.status == 201 && repeated["id"] == .string(file))
            #expect(try await api.listed("/files?project=admin/uploads") == [file])
        }
    }

    @Test(
        "a completion that fails while its project is locked leaves an upload that can be completed after the unlock"
    )
    func failedMeanwhile() async throws {
        try await withHeldValidation { server, folder in
            let api = server.api
            let upload = try await api.initialize("a", size: 3)
            let etag = try await api.store(upload, 1, ByteBuffer(string: "abc"))
            async let first = api.complete(upload)
            try await eventually("the validation runs") { Self.exists("running", in: folder) }
            try await Self.setLock(true, api)
            try Self.create("released", in: folder)
            server.expectRefusal(try await first, 409, 8007)
            try await Self.expectStandstill(upload, etag, server)
            #expect(try await api.call(.GET, "/upload/multipart/\(upload)")["uploaded_parts_count"] == 1)
            try Self.create("accepting", in: folder)
            try await Self.setLock(false, api)
            let file = try await api.complete(upload).text("id")
            #expect(try await api.download(file) == ByteBuffer(string: "abc"))
        }
    }

    @Test("file puts and archive puts leave nothing in a locked project, and are accepted after the unlock")
    func wholeFiles() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let api = server.api
            let folder = try await api.makeFolder("runs")
            let places = ["project=admin/uploads", "parent=\(folder)"]
            let bytes = pseudoRandomBytes(seed: 1, count: 2 << 20)
            let archive = TarBuilder.archive(["in/a": "a", "in/b": "bb"])
            try await Self.setLock(true, api)
            for place in places {
                for content in [ByteBuffer(), ByteBuffer(string: "abc")] {
                    for rule in [nil, "overwrite", "rename", "skip"] {
                        let response = try await api.putFile("x", content, to: place, onConflict: rule)
                        server.expectRefusal(response, 403, 8002, "\(place) \(rule ?? "")")
                    }
                }
                server.expectRefusal(try await api.putArchive(archive, to: place).response, 403, 8002, "\(place)")
            }
            #expect(try server.finishedObjects() == 0)
            #expect(try server.unfinishedObjects() == [])
            #expect(try await api.tree(try await api.root()) == ["runs": folder])
            try await Self.setLock(false, api)
            for place in places {
                #expect(try await api.putFile("x", bytes, to: place).status == 201)
                let stored = try await api.putArchive(archive, to: place)
                #expect(stored.results == ["in/a created", "in/b created"])
            }
            let paths = ["x", "in", "in/a", "in/b"]
            let tree = try await api.tree(try await api.root())
            #expect(Set(tree.keys) == Set(paths + paths.map { "runs/\($0)" } + ["runs"]))
            #expect(try await api.download(try #require(tree["runs/x"])) == bytes)
        }
    }

    /// Runs `body` with a server whose validate command waits until the file `released` exists.
    ///
    /// The command then accepts the uploaded file if the file `accepting` exists, and refuses it otherwise. `body`
    /// receives the folder of these two files, in which the command creates the file `running` when it starts.
    private func withHeldValidation(_ body: @Sendable (TestServer, FilePath) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let script = """
                : > \(folder)/running
                while [ -d \(folder) ] && [ ! -e \(folder)/released ]; do sleep 0.05; done
                [ -e \(folder)/accepting ] || { echo bad bytes; exit 1; }
                """
            let flags = ["--validate-command", try writeProgram(script, in: folder).string] + smallParts
            try await withTestServer(on: folder.appending("data"), .live, arguments: flags) { server in
                try await body(server, folder)
            }
        }
    }

    private static func exists(_ name: String, in folder: FilePath) -> Bool {
        FileManager.default.fileExists(atPath: folder.appending(name).string)
    }

    private static func create(_ name: String, in folder: FilePath) throws {
        try Data().write(to: URL(filePath: folder.appending(name).string))
    }
}
