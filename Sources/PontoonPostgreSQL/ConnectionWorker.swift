#if PostgreSQL
import Foundation
import PontoonMetadata

/// A worker that runs transactions on one thread of the pool, over a connection that is opened on demand and replaced
/// if it breaks.
final class ConnectionWorker {
    /// Maximum number of attempts for a transaction that conflicts with other transactions.
    static let maximumConflicts = 20
    /// Maximum number of attempts for a transaction whose connection breaks or loses its prepared statements.
    static let maximumConnections = 3

    private let connector: Connector
    private let pool: ConnectionPool
    private let id: Int
    private var connection: PostgreSQLConnection?

    init(_ connector: Connector, pool: ConnectionPool, id: Int) {
        self.connector = connector
        self.pool = pool
        self.id = id
    }

    /// Runs a closure as a transaction.
    ///
    /// Retries the transaction after a conflict, a lost connection or an invalidated prepared statement, unless it may
    /// have been committed.
    ///
    /// - Parameters:
    ///   - kind: Whether the closure reads or writes.
    ///   - deadline: The time at which to stop connecting and retrying.
    ///   - body: The closure, which runs the statements. Called again for each retry.
    /// - Returns: The result of the closure.
    /// - Throws: The error of the closure; ``SQLError`` if no connection can be opened or the commit fails.
    func run<Value>(
        _ kind: Transaction.Kind,
        before deadline: ContinuousClock.Instant,
        _ body: (any SQLConnection) throws -> Value
    ) throws -> Value {
        let shard = kind == .write ? pool.counterShards.acquire() : 0
        defer { if kind == .write { pool.counterShards.release(shard) } }
        var (conflicts, connections) = (0, 0)
        while true {
            let connection = try connected(before: deadline)
            let transaction = Transaction(
                connection,
                kind,
                counterShard: shard,
                writeTimeout: connector.settings.writeTimeout
            )
            let tripsBefore = connection.roundTrips
            defer { pool.record(roundTrips: connection.roundTrips - tripsBefore) }
            do {
                let value = try body(transaction)
                try transaction.commit()
                return value
            } catch {
                transaction.rollBack()
                if connection.isBroken { disconnect() }
                switch transaction.retryAction {
                case .none: throw error
                case .reconnect, .prepareAgain:
                    connections += 1
                    guard connections < Self.maximumConnections else { throw error }
                    connection.forgetPreparedStatements()
                case .repeatTransaction:
                    conflicts += 1
                    guard conflicts < Self.maximumConflicts, ContinuousClock.now < deadline else { throw error }
                    // A random delay, so that the same transactions do not conflict again.
                    Thread.sleep(forTimeInterval: .random(in: 0...0.002) * Double(conflicts))
                }
                pool.recordRetry()
            }
        }
    }

    /// Returns the open connection or opens one, retrying with exponential backoff if that fails.
    ///
    /// - Throws: ``SQLError`` of kind `.unreachable` if no attempt succeeds before the deadline, or if one fails after
    ///   the pool was closed.
    private func connected(before deadline: ContinuousClock.Instant) throws -> PostgreSQLConnection {
        if let connection { return connection }
        var delay = 0.05
        while true {
            do {
                return try connect()
            } catch {
                guard !pool.isClosed, ContinuousClock.now + .seconds(delay) < deadline else {
                    throw SQLError(.unreachable, "\(error)")
                }
                Thread.sleep(forTimeInterval: .random(in: delay / 2...delay))
                delay = min(delay * 2, 1)
            }
        }
    }

    /// Opens the connection unless it is already open.
    ///
    /// - Throws: The errors of ``Connector/connect()``.
    @discardableResult
    func connect() throws -> PostgreSQLConnection {
        if let connection { return connection }
        let (connection, canceller) = try connector.connect()
        self.connection = connection
        pool.recordConnection(id, canceller)
        return connection
    }

    /// Checks that all statements of a connection run in the same session; see ``Connector/checkSessions()``.
    func checkSessions() throws { try connector.checkSessions() }

    /// Sleeps for 50 to 100 ms before the next attempt to connect.
    func pause() { Thread.sleep(forTimeInterval: .random(in: 0.05...0.1)) }

    private func disconnect() {
        connection = nil
        pool.recordLostConnection(id)
    }
}
#endif
