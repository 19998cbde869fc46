import PontoonMetadata
import Synchronization

/// An SQLite driver whose next write can be made to fail.
struct FaultyDriver: SQLDriver {
    enum Fault: Sendable {
        /// The write fails before anything is changed.
        case beforeCommit
        /// The write is committed, but its response is lost.
        case afterCommit
    }

    private final class Plan: Sendable {
        let next = Mutex<Fault?>(nil)
    }

    let driver: SQLiteDriver
    private let plan = Plan()

    init(_ driver: SQLiteDriver) { self.driver = driver }

    var dialect: SQLDialect { driver.dialect }

    func failNextWrite(_ fault: Fault) { plan.next.withLock { $0 = fault } }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await driver.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let fault = plan.next.withLock { $0.take() }
        if fault == .beforeCommit { throw SQLError(.unreachable, "the test has interrupted a write") }
        let value = try await driver.write(body)
        if fault == .afterCommit { throw SQLError(.outcomeUnknown, "the test has lost a response") }
        return value
    }

    func ping(within limit: Duration) async throws { try await driver.ping(within: limit) }

    func close() async throws { try await driver.close() }
}
