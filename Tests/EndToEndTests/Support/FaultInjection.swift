import PontoonTesting
import Testing

extension FaultInjectionProxy {
    /// Runs `body` with a proxy in front of a server.
    ///
    /// `fault` receives the number of each connection, from 0.
    static func with<Value: Sendable>(
        _ server: ServerProcess,
        fault: @escaping @Sendable (Int) -> Fault,
        _ body: @Sendable (FaultInjectionProxy) async throws -> Value
    ) async throws -> Value {
        try await with(port: try server.port, fault: fault, body)
    }
}

extension RequestValve {
    /// Waits until the valve blocks its first request, and opens the valve after a delay.
    func releaseAfter(_ time: Duration) async throws {
        try await holding()
        try await Task.sleep(for: time)
        release()
    }
}

extension PontoonUser {
    /// Runs `body` with a client behind a valve.
    ///
    /// The valve lets the first `passes` requests with `text` in their heads pass, and blocks all later ones.
    ///
    /// The client keeps running until the test opens the valve, however slow the machine is.
    func held<Value: Sendable>(
        at text: String,
        passes: Int = 0,
        _ server: ServerProcess,
        _ body: @Sendable (PontoonUser, RequestValve) async throws -> Value
    ) async throws -> Value {
        let valve = RequestValve(text, passes: passes)
        return try await FaultInjectionProxy.with(server, fault: { _ in .holdRequests(valve) }) { proxy in
            var user = self
            user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
            return try await body(user, valve)
        }
    }
}
