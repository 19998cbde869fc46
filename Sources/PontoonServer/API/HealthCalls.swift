import Hummingbird
import HummingbirdCore
import PontoonCore

/// The request handlers for health checks by load balancers.
///
/// Source: docs/api.md#health.
struct HealthCalls {
    let readiness: Readiness
    let bodies: JSONBodyReader
    /// Whether the server refuses calls that change anything.
    let isReadOnly: Bool

    static let paths = [health, readiness]
    private static let health = "/healthz"
    private static let readiness = "/readyz"

    func add(to routes: Routes) {
        routes.open(.get, Self.health, health)
        routes.open(.get, Self.readiness, ready)
    }

    /// Reports that the process is running, without checking the stores.
    @Sendable private func health(_ request: Request, _ context: AppContext) async throws -> Response {
        try await bodies.discard(request)
        return .json(HealthBody(status: "ok"))
    }

    /// Reports whether load balancers should send requests to this server: status 200 if they should, 503 if not.
    @Sendable private func ready(_ request: Request, _ context: AppContext) async throws -> Response {
        try await bodies.discard(request)
        guard let reason = readiness.notReadyReason else {
            return .json(HealthBody(status: "ready", isReadOnly: isReadOnly))
        }
        return .json(
            HealthBody(status: "unavailable", reason: reason.rawValue),
            status: .serviceUnavailable
        )
    }
}
