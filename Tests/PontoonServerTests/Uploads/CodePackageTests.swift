import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Automations, and uploads that become their code packages.
@Suite(.timeLimit(.minutes(10)))
struct CodePackageTests {
    private let root = packageUploads
    private static let smallParts = ["--min-part-size", "1"]

    @Test("parts uploaded to an automation become its file")
    func roundTrip() async throws {
        try await withTestServer(arguments: Self.smallParts) { server in
            let api = server.api
            let made = try await api.call(.POST, "/automation/automations", ["name": "a", "description": "d"])
            #expect(made.status == 201)
            let automation = try made.text("id")
            let shown = try await api.call(.GET, "/automation/automations/\(automation)")
            #expect(shown.status == 200 && shown["name"] == "a" && shown["description"] == "d")
            #expect(try shown.text("href") == "\(server.endpoint)/automation/automations/\(automation)")
            #expect(try shown.json == made.json)

            let bytes = pseudoRandomBytes(seed: 3, count: 25)
            let upload = try await api.initializePackage(automation, size: 25, partSize: 10)
            let parts = try await api.storeParts(of: bytes, partSize: 10, upload)
            let details = try await api.call(.GET, "\(root)/\(upload)?list_parts=true")
            #expect(details["uploaded_parts_count"] == 3 && details["automation_id"] == .string(automation))
            #expect(details["parts"] == .array(parts))
            let completed = try await api.call(.POST, "\(root)/\(upload)/complete")
            #expect(completed.status == 201 && completed["name"] == "code.zip" && completed["size"] == 25)
            var crc64 = CRC64NVME()
            bytes.withUnsafeReadableBytes { crc64.update($0) }
            #expect(completed["checksums"] == ["crc64nvme": .string(crc64.hex)])
            let again = try await api.call(.POST, "\(root)/\(upload)/complete")
            #expect(try again.json == completed.json)
            server.expectRefusal(try await api.call(.GET, "\(root)/\(upload)"), 404, 8003)
        }
    }

    @Test("an uploaded file becomes a package of its automation")
    func package() async throws {
        try await withTestServer(arguments: Self.smallParts) { server in
            let api = server.api
            let automation = try await api.automation()
            let location = JSONValue.string(try await api.packageFile(of: automation))
            let body: JSONValue = [
                "version": "1.0", "location": location, "schema": ["inputs": []], "memory_limit": 1000, "python": nil,
            ]
            let package = try await api.call(.POST, "/automation/automations/\(automation)/packages", body)
            #expect(package.status == 201 && package["version"] == "1.0" && package["schema"] == ["inputs": []])
            #expect(package["location"] == location && package["automation"] == .string(automation))
            #expect(package["memory_limit"] == 1000 && package["python"] == nil)
            let kept = try await api.call(.GET, "/automation/packages/\(try package.text("id"))")
            #expect(kept.status == 200)
            #expect(try kept.json == package.json)
        }
    }

    @Test("automations and their packages are listed, newest first, for their owner only")
    func lists() async throws {
        try await withTestServer(arguments: Self.smallParts) { server in
            let api = server.api
            var automations: [String] = []
            for name in ["a", "b", "a"] {
                server.clock.advance(by: .seconds(1))
                let automation = try await api.call(.POST, "/automation/automations", ["name": .string(name)])
                automations.insert(try automation.text("id"), at: 0)
            }
            let path = "/automation/automations"
            #expect(try await api.listed(path) == automations)
            #expect(try await api.listed("\(path)?name=a&include_archived=False") == [automations[0], automations[2]])
            let page = try await api.call(.GET, "\(path)?limit=1&offset=1&fields=name")
            #expect(page.headers["X-Total-Matching-Query"] == ["3"])
            #expect(try page.entryNames == ["b"] && page.pageLinks.keys.sorted() == ["next", "prev"])
            let packages = "\(path)/\(automations[0])/packages"
            #expect(try await api.listed(packages) == [])
            let location = JSONValue.string(try await api.packageFile(of: automations[0]))
            let body: JSONValue = ["version": "1", "location": location, "schema": ["inputs": []]]
            let package = try await api.call(.POST, packages, body)
            let list = try await api.call(.GET, packages)
            #expect(try list.entries == [package.json])
            #expect(try list.text("href") == "\(server.endpoint)\(packages)?offset=0&limit=50")
            let other = try await server.addUser("other")
            #expect(try await other.listed(path) == [])
            server.expectRefusal(try await other.call(.GET, packages), 404, 90003)
        }
    }

    @Test("packages and their uploads are separate from files and file uploads")
    func apart() async throws {
        try await withTestServer(arguments: Self.smallParts) { server in
            let api = server.api
            let automation = try await api.automation()
            let upload = try await api.initializePackage(automation, size: 1)
            let file = try await api.initialize("a.bin", size: 1)
            let list = try await api.call(.GET, "/upload/multipart")
            #expect(list.headers["X-Total-Matching-Query"] == ["1"])
            for (path, id) in [("/upload/multipart", upload), (root, file)] {
                for (method, tail) in Self.calls {
                    let body: JSONValue? = tail == "/part" ? partReport(1, "x") : ["parts": [partReport(1, "x")]]
                    let response = try await api.call(method, "\(path)/\(id)\(tail)", method == .POST ? body : nil)
                    server.expectRefusal(response, 404, 8003, "\(method) \(path)\(tail)")
                }
            }
            _ = try await api.storeParts(of: ByteBuffer(string: "x"), partSize: 1, upload)
            let location = try await api.call(.POST, "\(root)/\(upload)/complete").text("id")
            let files = try await api.call(.GET, "/files?project=admin/uploads")
            #expect(files.headers["X-Total-Matching-Query"] == ["0"])
            for path in ["/files/\(location)", "/files/\(location)/download_info", "/files/\(location)/metadata"] {
                server.expectRefusal(try await api.call(.GET, path), 404, 5002, "\(path)")
            }
            server.expectRefusal(try await api.call(.DELETE, "/files/\(location)"), 404, 5002)
        }
    }

    /// Method and path suffix of every call on an open upload.
    private static let calls: [(HTTPMethod, String)] = [
        (.GET, ""), (.GET, "/part/1"), (.POST, "/part"), (.POST, ""), (.POST, "/complete"), (.DELETE, ""),
    ]

    @Test("only the owner sees an automation, its uploads and its packages")
    func strangers() async throws {
        try await withTestServer(arguments: Self.smallParts) { server in
            let (automation, ada) = (try await server.api.automation(), try await server.addUser("ada"))
            let location = try await server.api.packageFile(of: automation)
            let body: JSONValue = ["version": "1", "location": .string(location), "schema": [:]]
            let packages = "/automation/automations/\(automation)/packages"
            let package = try await server.api.call(.POST, packages, body).text("id")
            let upload = try await server.api.initializePackage(automation, size: 1)
            for path in ["/automation/automations/\(automation)", "/automation/packages/\(package)"] {
                server.expectRefusal(try await ada.call(.GET, path), 404, 90003, "\(path)")
            }
            server.expectRefusal(try await ada.call(.POST, packages, body), 404, 90003)
            let request: JSONValue = ["name": "a", "size": 1, "automation_id": .string(automation)]
            server.expectRefusal(try await ada.call(.POST, root, request), 404, 90003)
            for (method, tail) in Self.calls {
                let body: JSONValue? = tail == "/part" ? partReport(1, "x") : ["parts": [partReport(1, "x")]]
                let response = try await ada.call(method, "\(root)/\(upload)\(tail)", method == .POST ? body : nil)
                server.expectRefusal(response, 404, 8003, "\(method) \(tail)")
            }
            let own = try await ada.automation()
            let stolen = try await ada.call(.POST, "/automation/automations/\(own)/packages", body)
            server.expectRefusal(stolen, 400, 90000, "a location in another user's automation")
        }
    }

    @Test("each upload creates a new file, even with the same name")
    func sameName() async throws {
        try await withTestServer(arguments: Self.smallParts) { server in
            let automation = try await server.api.automation()
            let first = try await server.api.packageFile(of: automation)
            #expect(try await server.api.packageFile(of: automation) != first)
            #expect(try server.finishedObjects() == 2)
        }
    }

    @Test("an aborted upload leaves no files or rows, and an open one survives a restart")
    func abortAndRestart() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let upload = try await withTestServer(on: data, arguments: Self.smallParts) { server in
                let automation = try await server.api.automation()
                let aborted = try await server.api.initializePackage(automation, size: 2, partSize: 1)
                _ = try await server.api.storeParts(of: ByteBuffer(string: "x"), partSize: 1, aborted)
                #expect(try await server.api.call(.DELETE, "\(root)/\(aborted)").status == 204)
                server.expectRefusal(try await server.api.call(.GET, "\(root)/\(aborted)"), 404, 8003)
                server.expectRefusal(try await server.api.call(.DELETE, "\(root)/\(aborted)"), 404, 8003)
                #expect(try server.unfinishedObjects() == [])
                let kept = try await server.api.initializePackage(automation, size: 1, partSize: 1)
                _ = try await server.api.storeParts(of: ByteBuffer(string: "x"), partSize: 1, kept)
                return kept
            }
            try await withTestServer(on: data, arguments: Self.smallParts) { server in
                let completed = try await server.api.call(.POST, "\(root)/\(upload)/complete")
                #expect(completed.status == 201)
            }
        }
    }
}
