import Hummingbird
import HummingbirdCore
import PontoonCore

/// The request handlers for health checks by load balancers.
///
/// Source: docs/api.md#health.
struct HealthCalls {
    let readiness: Readiness
    let bodies: JSONBodyReader

    func add(to routes: Routes) {
        routes.open(.get, "/healthz", health)
        routes.open(.get, "/readyz", ready)
    }

    /// Reports that the process is running, without checking the stores.
    @Sendable private func health(_ request: Request, _ context: AppContext) async throws -> Response {
        try await bodies.discard(request)
        return .json(HealthBody(status: "ok"))
    }

    /// Reports whether load balancers should send requests to this server.
    @Sendable private func ready(_ request: Request, _ context: AppContext) async throws -> Response {
        try await bodies.discard(request)
        guard let reason = readiness.notReadyReason else { return .json(HealthBody(status: "ready")) }
        return .json(
            HealthBody(status: "unavailable", reason: reason.rawValue),
            status: .serviceUnavailable
        )
    }
}
