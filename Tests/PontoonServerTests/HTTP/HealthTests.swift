import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Liveness and readiness, as load balancers see them.
@Suite(.timeLimit(.minutes(10)))
struct HealthTests {
    @Test("a running server reports that it is alive and ready, without a token")
    func ready() async throws {
        try await withTestServer(.live) { server in
            let anybody = server.client(token: nil)
            let health = try await anybody.send(.GET, server.origin + "/healthz")
            #expect(health.status == 200)
            #expect(try health.json == ["status": "ok"])
            try await eventually("ready") {
                try await anybody.send(.GET, server.origin + "/readyz").json == ["status": "ready"]
            }
            for path in ["/healthz", "/readyz"] {
                #expect(try await anybody.send(.HEAD, server.origin + path).status == 200)
                let refused = try await anybody.send(.POST, server.origin + path)
                #expect(refused.status == 405)
                #expect(refused.headers.first(name: "Allow") == "GET, HEAD")
            }
        }
    }

    @Test("a server whose object store fails is alive but not ready, and becomes ready once it recovers")
    func lostObjects() async throws {
        try await withTestServer(.live) { server in
            let anybody = server.client(token: nil)
            try await eventually("ready") { try await anybody.send(.GET, server.origin + "/readyz").status == 200 }
            let objects = server.data.appending("objects").string
            try FileManager.default.moveItem(atPath: objects, toPath: objects + ".away")
            try await eventually("not ready") {
                let response = try await anybody.send(.GET, server.origin + "/readyz")
                guard response.status == 503 else { return false }
                #expect(response["reason"] == "objects")
                return true
            }
            #expect(try await anybody.send(.GET, server.origin + "/healthz").status == 200)
            try FileManager.default.moveItem(atPath: objects + ".away", toPath: objects)
            try await eventually("ready again") {
                try await anybody.send(.GET, server.origin + "/readyz").status == 200
            }
        }
    }
}
