import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Calls by members with different permissions, and by a stranger.
@Suite(.timeLimit(.minutes(10)))
struct PermissionTests {
    @Test("each call succeeds with its permission and is refused to everyone else", arguments: Actor.allCases)
    func table(_ actor: Actor) async throws {
        try await withTestServer(arguments: smallParts + ["--durability", "os"]) { server in
            let stage = try await Stage(server, actor)
            let forbidden = try await stage.makePlace()
            let before = try await stage.snapshot(forbidden)
            for row in Self.rows where !actor.rights.contains(row.right) {
                let response = try await row.send(stage.caller, forbidden)
                let (status, code) = actor == .stranger ? (404, row.missing) : (403, row.refusal)
                server.expectRefusal(response, status, code, "\(actor): \(row)")
            }
            let after = try await stage.snapshot(forbidden)
            #expect(after == before, "\(actor): a refused call changed something")
            for row in Self.rows where actor.rights.contains(row.right) {
                let response = try await row.send(stage.caller, try await stage.makePlace())
                #expect(response.status == row.success, "\(actor): \(row): \(String(buffer: response.body))")
            }
        }
    }

    @Test("in a locked project, every call that needs the permission to write is refused, even to an admin")
    func locked() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let stage = try await Stage(server, .admin)
            let place = try await stage.makePlace()
            let project = "/projects/\(place.project)"
            try await server.api.perform(.PATCH, project, ["settings": ["locked": true]])
            let before = try await stage.snapshot(place)
            let refused = Self.rows.filter(\.isRefusedIfLocked)
            #expect(refused.count == 17)
            for row in refused {
                for caller in [stage.caller, server.api] {
                    server.expectRefusal(try await row.send(caller, place), 403, row.refusal, "\(row)")
                }
            }
            #expect(try await stage.snapshot(place) == before, "a refused call changed something")
            for row in Self.rows where [.read, .copy].contains(row.right) || row.path.hasSuffix("/permissions") {
                #expect(try await row.send(stage.caller, place).status == row.success, "\(row)")
            }
            try await server.api.perform(.PATCH, project, ["settings": ["locked": false]])
            let body: JSONValue = ["parts": [Self.report(place.etag)]]
            let complete = try await server.api.call(.POST, "/upload/multipart/\(place.upload)/complete", body)
            #expect(complete.status == 201, "the upload was not aborted")
        }
    }

    @Test("lists of projects and uploads show only what the caller may see", arguments: Actor.allCases)
    func lists(_ actor: Actor) async throws {
        try await withTestServer(arguments: smallParts) { server in
            let stage = try await Stage(server, actor)
            let place = try await stage.makePlace()
            let expected = actor == .stranger ? [stage.own] : [place.project, stage.own]
            #expect(try await stage.caller.listed("/projects") == expected)
            #expect(try await stage.caller.listed("/upload/multipart", "upload_id") == [])
        }
    }

    @Test("an initiator can continue an upload only with write permission, but can always view and abort it")
    func withdrawal() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let stage = try await Stage(server, .writer)
            let place = try await stage.makePlace()
            let writer = stage.caller
            let rights = "/projects/\(place.project)/members/actor"
            let upload = try await writer.initialize("own", size: 1, extra: ["project": .string(place.project)])
            let path = "/upload/multipart/\(upload)"
            let stored = try await writer.put(upload, 1, ByteBuffer(string: "x"))
            let etag = try #require(stored.headers.first(name: "ETag"))

            func expectStandstill(_ what: Comment) async throws {
                let goingOn: [(HTTPMethod, String, JSONValue?)] = [
                    (.GET, "/part/1", nil), (.POST, "/part", Self.report(etag)), (.POST, "", ["parts": []]),
                    (.POST, "/complete", nil),
                ]
                for (method, step, body) in goingOn {
                    server.expectRefusal(try await writer.call(method, path + step, body), 403, 8001, what)
                }
                #expect(try await writer.call(.GET, path + "?list_parts=true").status == 200, what)
                #expect(try await writer.listed("/upload/multipart", "upload_id") == [upload], what)
            }

            try await server.api.perform(.PATCH, rights + "/permissions", ["write": false])
            try await expectStandstill("a member who only reads")
            try await server.api.perform(.DELETE, rights)
            try await expectStandstill("no member any more")
            try await server.api.addMember("actor", of: place.project, [.write])
            #expect(try await writer.report(upload, 1, .string(etag)).status == 200)
            try await server.api.perform(.DELETE, rights)
            server.expectRefusal(try await writer.complete(upload), 403, 8001)
            // An admin of the project may complete or abort the upload.
            #expect(try await server.api.complete(upload).status == 201)
            server.expectRefusal(try await writer.call(.DELETE, path), 404, 8003, "it is completed")
            let other = try await server.api.initialize("other", size: 1, extra: ["project": .string(place.project)])
            server.expectRefusal(try await writer.call(.DELETE, "/upload/multipart/\(other)"), 404, 8003)
        }
    }

    @Test("a member without permissions may still abort their own upload")
    func ownAbort() async throws {
        try await withTestServer { server in
            let ada = try await server.addUser("ada")
            try await server.api.addMember("ada", of: "admin/uploads", [.write])
            let upload = try await ada.initialize("own", size: 1)
            try await server.api.perform(.DELETE, "/projects/admin/uploads/members/ada")
            #expect(try await ada.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("a copy requires `copy` in the source project and `write` in the destination project")
    func copyDestination() async throws {
        try await withTestServer { server in
            let ada = try await server.addUser("ada")
            let own = try await ada.createProject("own")
            let upload = try await ada.initialize("empty", size: 0, extra: ["project": .string(own)])
            let file = try await ada.complete(upload).text("id")
            let body: JSONValue = ["project": "admin/uploads"]
            server.expectRefusal(try await ada.call(.POST, "/files/\(file)/actions/copy", body), 404, 3002)
            try await server.api.addMember("ada", of: "admin/uploads", [.copy])
            server.expectRefusal(try await ada.call(.POST, "/files/\(file)/actions/copy", body), 403, 5014)
            let many: JSONValue = ["project": "admin/uploads", "file_ids": [.string(file)]]
            server.expectRefusal(try await ada.call(.POST, "/action/files/copy", many), 403, 5014)
            try await server.api.perform(.PATCH, "/projects/admin/uploads/members/ada/permissions", ["write": true])
            #expect(try await ada.call(.POST, "/files/\(file)/actions/copy", body).status == 200)
        }
    }
}

// MARK: - The table

extension PermissionTests {
    /// The caller, named after what it may do in the project.
    enum Actor: String, CaseIterable, Sendable {
        case reader, copier, writer, executor, admin, stranger

        /// Permissions that are granted when the actor becomes a member; `nil` for a stranger.
        var given: [Permission]? {
            switch self {
            case .reader: []
            case .copier: [.copy]
            case .writer: [.write]
            case .executor: [.execute]
            case .admin: [.admin]
            case .stranger: nil
            }
        }

        /// The permissions that the actor has in the project.
        ///
        /// Every member may read, and `admin` includes all permissions.
        var rights: [Permission] {
            switch self {
            case .reader, .copier, .writer, .executor: [.read] + (given ?? [])
            case .admin: Permission.allCases
            case .stranger: []
            }
        }
    }

    /// A call and its expected outcomes.
    struct Row: Sendable, CustomStringConvertible {
        let method: HTTPMethod
        /// Path with placeholders `{project}`, `{folder}`, `{file}` and `{upload}`.
        let path: String
        /// The permission that the call requires.
        let right: Permission
        /// Code of the 403 for members without the permission; 0 if every member has it.
        let refusal: Int64
        /// Code of the 404 for strangers.
        let missing: Int64
        /// Status for members with the permission.
        let success: Int
        let body: @Sendable (Place) -> JSONValue?

        init(
            _ method: HTTPMethod,
            _ path: String,
            _ right: Permission,
            _ refusal: Int64,
            _ missing: Int64,
            _ success: Int = 200,
            body: @escaping @Sendable (Place) -> JSONValue? = { _ in nil }
        ) {
            (self.method, self.path, self.right, self.body) = (method, path, right, body)
            (self.refusal, self.missing, self.success) = (refusal, missing, success)
        }

        var description: String { "\(method) \(path)" }

        /// Whether the call is refused in a locked project.
        var isRefusedIfLocked: Bool {
            switch path {
            case "/projects/{project}": method == .DELETE
            case "/upload/multipart/{upload}": method == .POST
            case let path where path.hasPrefix("/upload/multipart/{upload}/"): true
            default: right == .write
            }
        }

        func send(_ caller: APIClient, _ place: Place) async throws -> APIResponse {
            try await caller.call(method, place.fill(path), body(place))
        }
    }

    static func report(_ etag: String) -> JSONValue {
        ["part_number": 1, "response": ["headers": ["ETag": .string(etag)]]]
    }

    private static let rows: [Row] = projects + members + lists + files + uploads

    private static let projects = [
        Row(.GET, "/projects/{project}", .read, 0, 3002),
        Row(.PATCH, "/projects/{project}", .write, 3001, 3002) { _ in ["description": "d"] },
        Row(.PUT, "/projects/{project}", .write, 3001, 3002) { _ in ["tags": ["t"]] },
        Row(.DELETE, "/projects/{project}", .admin, 3001, 3002, 204),
    ]

    private static let members = [
        Row(.GET, "/projects/{project}/members", .read, 0, 3002),
        Row(.GET, "/projects/{project}/members/guest", .read, 0, 3002),
        Row(.GET, "/projects/{project}/members/guest/permissions", .read, 0, 3002),
        Row(.POST, "/projects/{project}/members", .admin, 3001, 3002, 201) { _ in ["username": "other"] },
        Row(.PATCH, "/projects/{project}/members/guest/permissions", .admin, 3001, 3002) { _ in ["copy": true] },
        Row(.PUT, "/projects/{project}/members/guest/permissions", .admin, 3001, 3002) { _ in
            ["read": true, "copy": true, "write": false, "execute": false, "admin": false]
        },
        Row(.DELETE, "/projects/{project}/members/guest", .admin, 3001, 3002, 204),
    ]

    private static let lists = [
        Row(.GET, "/projects/{project}/files", .read, 0, 3002),
        Row(.GET, "/files?project={project}", .read, 0, 3002),
        Row(.GET, "/files?parent={folder}", .read, 0, 5002),
        Row(.GET, "/files/{folder}/list", .read, 0, 5002),
        Row(.GET, "/files/scroll?token=init&project={project}", .read, 0, 3002),
        Row(.GET, "/files/{folder}/scroll?token=init", .read, 0, 5002),
    ]

    private static let files = [
        Row(.GET, "/files/{file}", .read, 0, 5002), Row(.GET, "/files/{file}/metadata", .read, 0, 5002),
        Row(.GET, "/files/{file}/download_info", .copy, 5001, 5002),
        Row(.POST, "/files/{file}/actions/copy", .copy, 5014, 5002) { ["project": .string($0.own)] },
        Row(.POST, "/files/{file}/actions/move", .write, 5032, 5002) { ["parent": .string($0.folder)] },
        Row(.POST, "/files", .write, 5001, 3002, 201) {
            ["name": "new", "type": "folder", "project": .string($0.project)]
        },
        Row(.POST, "/files", .write, 5001, 5026, 201) {
            ["name": "new", "type": "folder", "parent": .string($0.folder)]
        },
        Row(.PATCH, "/files/{file}", .write, 5008, 5002) { _ in ["name": "renamed"] },
        Row(.PUT, "/files/{file}", .write, 5008, 5002) { _ in ["tags": ["t"]] },
        Row(.PATCH, "/files/{file}/metadata", .write, 5009, 5002) { _ in ["k": "v"] },
        Row(.PUT, "/files/{file}/metadata", .write, 5009, 5002) { _ in ["k": "v"] },
        Row(.PUT, "/files/{file}/tags", .write, 5011, 5002) { _ in ["t"] },
        Row(.DELETE, "/files/{file}", .write, 5001, 5002, 204),
        Row(.DELETE, "/files/{folder}", .write, 5001, 5002, 204),
    ]

    // The upload is the owner's.
    private static let uploads = [
        Row(.POST, "/upload/multipart", .write, 8002, 3002) {
            ["name": "new", "size": 1, "project": .string($0.project)]
        },
        Row(.POST, "/upload/multipart", .write, 8002, 5026) {
            ["name": "new", "size": 1, "parent": .string($0.folder)]
        },
        Row(.GET, "/upload/multipart/{upload}", .admin, 8001, 8003),
        Row(.GET, "/upload/multipart/{upload}?list_parts=true", .admin, 8001, 8003),
        Row(.GET, "/upload/multipart/{upload}/part/1", .admin, 8001, 8003),
        Row(.POST, "/upload/multipart/{upload}/part", .admin, 8001, 8003) { report($0.etag) },
        Row(.POST, "/upload/multipart/{upload}", .admin, 8001, 8003) { ["parts": [report($0.etag)]] },
        Row(.POST, "/upload/multipart/{upload}/complete", .admin, 8001, 8003, 201) { ["parts": [report($0.etag)]] },
        Row(.DELETE, "/upload/multipart/{upload}", .admin, 8001, 8003, 204),
    ]
}

// MARK: - Test data

extension PermissionTests {
    /// The owner's project, folder, file and upload that the calls use.
    struct Place: Sendable {
        let project: String
        /// An empty folder.
        let folder: String
        let file: String
        /// An open upload of one byte, whose part is stored but not reported.
        let upload: String
        let etag: String
        /// The actor's own project.
        let own: String

        func fill(_ path: String) -> String {
            path.replacing("{project}", with: project).replacing("{folder}", with: folder)
                .replacing("{file}", with: file).replacing("{upload}", with: upload)
        }
    }

    /// The clients of the owner and the actor on a server, which also has two users for the calls on members.
    struct Stage: Sendable {
        let owner: APIClient
        let caller: APIClient
        let own: String
        private let given: [Permission]?

        init(_ server: TestServer, _ actor: Actor) async throws {
            owner = server.api
            caller = try await server.addUser("actor")
            own = try await caller.createProject("own")
            given = actor.given
            for name in ["guest", "other"] { _ = try await server.addUser(name) }
        }

        func makePlace() async throws -> Place {
            let project = try await owner.createProject("Shared")
            try await owner.addMember("guest", of: project)
            if let given { try await owner.addMember("actor", of: project, given) }
            let folder: JSONValue = ["name": "folder", "type": "folder", "project": .string(project)]
            let place: [String: JSONValue] = ["project": .string(project)]
            let empty = try await owner.initialize("file", size: 0, extra: place)
            let open = try await owner.initialize("open", size: 1, extra: place)
            let stored = try await owner.put(open, 1, ByteBuffer(string: "x"))
            return Place(
                project: project,
                folder: try await owner.call(.POST, "/files", folder).text("id"),
                file: try await owner.complete(empty).text("id"),
                upload: open,
                etag: try #require(stored.headers.first(name: "ETag")),
                own: own
            )
        }

        /// Returns everything that the calls could have changed, read through the API.
        func snapshot(_ place: Place) async throws -> [JSONValue] {
            let paths = [
                "/projects/{project}", "/projects/{project}/members", "/files?project={project}&fields=_all",
                "/files?parent={folder}", "/files/{file}", "/upload/multipart/{upload}?list_parts=true",
                "/upload/multipart?fields=_all",
            ]
            var states: [JSONValue] = []
            for path in paths { states.append(try await owner.call(.GET, place.fill(path)).json) }
            states.append(try await caller.call(.GET, "/files?project=\(own)").json)
            states.append(try await caller.call(.GET, "/upload/multipart").json)
            return states
        }
    }
}
