import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Calls with missing, invalid and revoked tokens.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct TokenErrorTests {
    private static let calls: [(HTTPMethod, String)] = [
        (.GET, "/user"), (.GET, "/users/admin"), (.GET, "/rate_limit"),
        (.POST, "/upload/multipart"), (.GET, "/upload/multipart"), (.GET, "/upload/multipart/U"),
        (.GET, "/upload/multipart/U/part/1"), (.POST, "/upload/multipart/U/part"), (.POST, "/upload/multipart/U"),
        (.POST, "/upload/multipart/U/complete"), (.DELETE, "/upload/multipart/U"),
        (.GET, "/projects"), (.POST, "/projects"), (.GET, "/projects/admin/uploads"),
        (.PATCH, "/projects/admin/uploads"), (.DELETE, "/projects/admin/uploads"),
        (.GET, "/files?project=admin/uploads"), (.POST, "/files"), (.GET, "/files/F"), (.PATCH, "/files/F"),
        (.DELETE, "/files/F"), (.GET, "/files/F/list"), (.GET, "/files/F/metadata"), (.PUT, "/files/F/metadata"),
        (.PUT, "/files/F/tags"), (.GET, "/files/F/download_info"),
    ]

    @Test("calls on users, uploads, projects and files require a valid token, but the index does not")
    func refused() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("open.bin", size: 3)
            let good = server.token
            let headers: [HTTPHeaders] = [
                [:],
                ["X-SBG-Auth-Token": ""],
                ["X-SBG-Auth-Token": "0123456789abcdef0123456789abcdef"],
                ["X-SBG-Auth-Token": good + "0"],
                ["X-SBG-Auth-Token": String(good.dropLast())],
                ["X-SBG-Auth-Token": good.uppercased() + "'; --"],
                ["X-SBG-Auth-Token": String(repeating: "a", count: 10_000)],
                ["X-SBG-Auth-Token": "wrong", "Authorization": "Bearer \(good)"],
                ["Authorization": good],
                ["Authorization": "Bearer"],
                ["Authorization": "Bearer "],
                ["Authorization": "Bearer wrong"],
                ["Authorization": "Basic \(good)"],
                ["X-SBG-Session-Id": good],
            ]
            let stranger = server.client(token: nil)
            for (method, path) in Self.calls {
                let path = path.replacing("/U", with: "/\(upload)")
                let body: JSONValue? = method == .POST || method == .PATCH || method == .PUT ? [:] : nil
                let response = try await stranger.call(method, path, body)
                server.expectRefusal(response, 401, 90001, "\(method) \(path)")
            }
            for header in headers {
                let response = try await stranger.call(.GET, "/user", headers: header)
                server.expectRefusal(response, 401, 90001, "\(header)")
            }
            let index = try await stranger.call(.GET, "/")
            #expect(index.status == 200)
            let kept = try await server.api.call(.GET, "/upload/multipart/\(upload)")
            #expect(kept.status == 200)
        }
    }

    @Test("the two token headers accept the same tokens")
    func accepted() async throws {
        try await withTestServer { server in
            let anybody = server.client(token: nil)
            let headers: [HTTPHeaders] = [
                ["X-SBG-Auth-Token": server.token], ["x-sbg-auth-token": server.token],
                ["Authorization": "Bearer \(server.token)"], ["authorization": "bearer  \(server.token)"],
                ["X-SBG-Auth-Token": server.token, "Authorization": "Bearer wrong"],
                ["X-SBG-Auth-Token": server.token, "X-SBG-Advance-Access": "Advance"],
            ]
            for header in headers {
                let response = try await anybody.call(.GET, "/user", headers: header)
                #expect(response["username"] == "admin", "\(header)")
            }
        }
    }

    @Test("a revoked token is rejected within a second, and other tokens stay valid")
    func revoked() async throws {
        try await withEnduringServer { server in
            for byID in [false, true] {
                let second = server.client(token: try await server.createToken(for: "admin"))
                let upload = try await second.initialize("kept-\(byID).bin", size: 4)
                let url = try await second.partURL(upload, 1)
                try await server.withAccounts { accounts in
                    let id = try #require(try await accounts.tokens(of: "admin").last).id
                    #expect(try await accounts.revokeToken(byID ? id : try #require(second.token)))
                }
                // Another process has revoked the token. The server detects this within a second.
                try await eventually("the token is refused, by id: \(byID)") {
                    try await second.call(.GET, "/user").status == 401
                }
                server.expectRefusal(try await second.call(.GET, "/user"), 401, 90001, "by id: \(byID)")
                server.expectRefusal(try await second.complete(upload), 401, 90001, "by id: \(byID)")
                // A signed URL stays valid when the token with which it was requested is revoked.
                let put = try await second.send(.PUT, url, ByteBuffer(string: "kept"))
                #expect(put.status == 200)
                let etag = try #require(put.headers.first(name: "ETag"))
                let reported = try await server.api.report(upload, 1, .string(etag))
                #expect(reported.status == 200)
                let completed = try await server.api.complete(upload)
                #expect(completed.status == 201)
            }
        }
    }
}
