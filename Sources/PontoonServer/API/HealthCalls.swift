import Hummingbird
import HummingbirdCore
import PontoonCore

/// What a load balancer asks.
///
/// Source: docs/api.md#health.
struct HealthCalls {
    let support: APISupport

    func add(to routes: Routes) {
        routes.open(.get, "/healthz", health)
        routes.open(.get, "/readyz", readiness)
    }

    /// The process is there; no store is asked.
    @Sendable private func health(_ request: Request, _ context: AppContext) async throws -> Response {
        try await support.bodies.drop(request)
        return try .json(HealthBody(status: "ok"))
    }

    /// Tells load balancers whether to send requests here.
    @Sendable private func readiness(_ request: Request, _ context: AppContext) async throws -> Response {
        try await support.bodies.drop(request)
        guard let reason = support.services.readiness.notReadyReason else {
            return try .json(HealthBody(status: "ready"))
        }
        return try .json(
            HealthBody(status: "unavailable", reason: reason.rawValue),
            status: .serviceUnavailable
        )
    }
}
