#if PostgreSQL
import PontoonMetadata
import PontoonPostgreSQL
import PontoonTesting
import Synchronization

/// Permits for concurrent tests on the shared server.
///
/// Their number is limited so that the server does not run out of connections.
private final class ServerPermits: Sendable {
    private struct State {
        var free = 8
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    static let shared = ServerPermits()
    private let state = Mutex(State())

    func acquire() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func release() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}

/// Runs a test with the URL of an empty database on the shared server.
func withPostgreSQLDatabase(_ body: @Sendable (String) async throws -> Void) async throws {
    await ServerPermits.shared.acquire()
    defer { ServerPermits.shared.release() }
    let server = try await PostgreSQLServer.running()
    let url = try await server.newDatabase()
    do {
        try await body(url)
    } catch {
        try await server.dropDatabase(url)
        throw error
    }
    try await server.dropDatabase(url)
}

extension PostgreSQLSettings {
    /// Settings with long timeouts, so that only tests that shorten them depend on the speed of the machine.
    static func patient(url: String) throws -> PostgreSQLSettings {
        var settings = try PostgreSQLSettings(url: url)
        (settings.connectTimeout, settings.acquireTimeout) = (.seconds(60), .seconds(300))
        (settings.readTimeout, settings.writeTimeout) = (.seconds(300), .seconds(300))
        (settings.lockTimeout, settings.transactionIdleTimeout) = (.seconds(300), .seconds(300))
        return settings
    }
}

/// Runs a test with a driver for an empty database.
///
/// `configure` can change the driver's settings, which have long timeouts.
func withPostgreSQLDriver(
    _ configure: @Sendable (inout PostgreSQLSettings) -> Void = { _ in },
    _ body: @Sendable (PostgreSQLDriver) async throws -> Void
) async throws {
    try await withPostgreSQLDatabase { url in
        var settings = try PostgreSQLSettings.patient(url: url)
        configure(&settings)
        let driver = try await PostgreSQLDriver.open(settings)
        do {
            try await body(driver)
        } catch {
            try await driver.close()
            throw error
        }
        try await driver.close()
    }
}

/// Runs a test with a separate server, which the test may stop.
func withPostgreSQLServer(_ body: @Sendable (PostgreSQLServer) async throws -> Void) async throws {
    let server = try await PostgreSQLServer.start()
    do {
        try await body(server)
    } catch {
        try await server.remove()
        throw error
    }
    try await server.remove()
}
#endif
