import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// What a load balancer is told.
@Suite(.timeLimit(.minutes(4)))
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
        try await withServer(arguments: ["--drain", "15s"]) { server in
            let anybody = APIClient(origin: server.origin)
            try await eventually("ready") { try await anybody.send(.GET, server.origin + "/readyz").status == 200 }
            server.signal(SIGTERM)
            let newcomer = APIClient(origin: server.origin, http: impatientHTTP)
            var accepted = 0
            // Each on a connection of its own, as from somebody who comes only now.
            while let answer = try? await newcomer.send(
                .GET,
                server.origin + "/readyz",
                headers: ["Connection": "close"]
            ) {
                guard answer.status == 503 else { continue }
                #expect(try answer.json == ["status": "unavailable", "reason": "stopping"])
                let index = try? await newcomer.send(.GET, server.origin + "/v2/", headers: ["Connection": "close"])
                // None when the drain ended in between.
                if let index { #expect(index.status == 200) }
                accepted += index == nil ? 0 : 1
            }
            #expect(accepted > 0)
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
