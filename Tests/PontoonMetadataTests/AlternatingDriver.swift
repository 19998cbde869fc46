import PontoonMetadata
import Synchronization

/// A driver that alternates between several drivers of one database, like servers behind a load balancer.
struct AlternatingDriver: SQLDriver {
    private final class Count: Sendable {
        let value = Mutex(0)
    }

    let drivers: [any SQLDriver]
    private let count = Count()

    init(_ drivers: [any SQLDriver]) { self.drivers = drivers }

    var dialect: SQLDialect { drivers[0].dialect }

    private var next: any SQLDriver {
        count.value.withLock { value in
            value += 1
            return drivers[value % drivers.count]
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await next.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await next.write(body)
    }

    func ping(within limit: Duration) async throws { try await next.ping(within: limit) }

    func close() async throws {
        for driver in drivers { try await driver.close() }
    }
}
