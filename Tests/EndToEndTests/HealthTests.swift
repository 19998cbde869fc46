import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import Testing

/// What a load balancer is told.
@Suite(.timeLimit(.minutes(1)))
struct HealthTests {
    @Test("a server that serves is alive and ready, and says so to anybody")
    func ready() async throws {
        try await withServer { server in
            let anybody = APIClient(origin: server.origin)
            let health = try await anybody.send(.GET, server.origin + "/healthz")
            #expect(health.status == 200)
            #expect(try health.json == ["status": "ok"])
            try await eventually("ready") {
                try await anybody.send(.GET, server.origin + "/readyz").json == ["status": "ready"]
            }
            for path in ["/healthz", "/readyz"] {
                let refused = try await anybody.send(.POST, server.origin + path)
                #expect(refused.status == 405)
                #expect(refused.headers.first(name: "Allow") == "GET")
            }
        }
    }

    @Test("a server that stops says so first, and takes requests until its drain is over")
    func draining() async throws {
        try await withServer(arguments: ["--drain", "2s"]) { server in
            let anybody = APIClient(origin: server.origin)
            try await eventually("ready") { try await anybody.send(.GET, server.origin + "/readyz").status == 200 }
            server.signal(SIGTERM)
            var isStopping = false
            var accepted = 0
            // Each on a connection of its own, as from somebody who comes only now.
            while let answer = try? await impatientHTTP.get(url: server.origin + "/readyz").get() {
                if answer.status == .serviceUnavailable {
                    isStopping = true
                    let body = try JSONDecoder().decode(JSONValue.self, from: Data(buffer: try #require(answer.body)))
                    #expect(body == ["status": "unavailable", "reason": "stopping"])
                    let index = try await anybody.send(.GET, server.origin + "/v2/")
                    #expect(index.status == 200)
                    accepted += 1
                }
            }
            #expect(isStopping && accepted > 1)
        }
    }

    @Test("a server whose objects are gone is alive and not ready, and ready when they are back")
    func lostObjects() async throws {
        try await withServer { server in
            let anybody = APIClient(origin: server.origin)
            try await eventually("ready") { try await anybody.send(.GET, server.origin + "/readyz").status == 200 }
            let objects = server.data.appending("objects").string
            try FileManager.default.moveItem(atPath: objects, toPath: objects + ".away")
            try await eventually("not ready") {
                let answer = try await anybody.send(.GET, server.origin + "/readyz")
                guard answer.status == 503 else { return false }
                #expect(answer["reason"] == "objects")
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
