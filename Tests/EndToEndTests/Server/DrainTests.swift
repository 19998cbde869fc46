import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Shutdown with a drain, which tells load balancers to stop sending requests.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct DrainTests {
    @Test("a stopping server first reports that it is not ready, and accepts requests until its drain is over")
    func draining() async throws {
        try await withServer(arguments: ["--drain", "15s"]) { server in
            let anybody = APIClient(origin: server.origin)
            try await eventually("ready") { try await anybody.send(.GET, server.origin + "/readyz").status == 200 }
            server.signal(SIGTERM)
            let newcomer = APIClient(origin: server.origin, http: impatientHTTP)
            var accepted = 0
            // Each request uses a new connection, like a new client.
            while let response = try? await newcomer.send(
                .GET,
                server.origin + "/readyz",
                headers: ["Connection": "close"]
            ) {
                guard response.status == 503 else { continue }
                #expect(try response.json == ["status": "unavailable", "reason": "stopping"])
                let index = try? await newcomer.send(.GET, server.origin + "/v2/", headers: ["Connection": "close"])
                // There is no response if the drain ended between the two requests.
                if let index { #expect(index.status == 200) }
                accepted += index == nil ? 0 : 1
            }
            #expect(accepted > 0)
        }
    }
}
