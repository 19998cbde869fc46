#if PostgreSQL
import Foundation

/// What one thread of the pool works with: a connection that is made when it is needed, and replaced when it broke.
final class PostgreSQLSession {
    /// Most runs of one body when others are in the way, and when connections break.
    static let (mostConflicts, mostConnections) = (20, 3)

    private let connector: PostgreSQLConnector
    private let pool: PostgreSQLPool
    private let id: Int
    private var link: PostgreSQLLink?

    init(_ connector: PostgreSQLConnector, pool: PostgreSQLPool, id: Int) {
        self.connector = connector
        self.pool = pool
        self.id = id
    }

    /// Runs a body as a transaction, again when the reason for its failure is gone by then and nothing was changed.
    ///
    /// - Parameters:
    ///   - kind: Whether it writes.
    ///   - deadline: When to give up connecting, and repeating.
    ///   - body: What is run.
    /// - Returns: What the body returned.
    /// - Throws: What the body threw, or ``SQLError``.
    func run<Value>(
        _ kind: PostgreSQLTransaction.Kind,
        before deadline: ContinuousClock.Instant,
        _ body: (any SQLConnection) throws -> Value
    ) throws -> Value {
        var (conflicts, connections) = (0, 0)
        while true {
            let link = try connected(before: deadline)
            let transaction = PostgreSQLTransaction(link, kind)
            let tripsBefore = link.roundTrips
            defer { pool.note(roundTrips: link.roundTrips - tripsBefore) }
            do {
                let value = try body(transaction)
                try transaction.commit()
                return value
            } catch {
                transaction.rollBack()
                if link.isBroken { disconnect() }
                switch transaction.remedy {
                case .none: throw error
                case .connecting, .preparing:
                    connections += 1
                    guard connections < Self.mostConnections else { throw error }
                    link.forgetStatements()
                case .repeating:
                    conflicts += 1
                    guard conflicts < Self.mostConflicts, ContinuousClock.now < deadline else { throw error }
                    // Those who met must not meet again.
                    Thread.sleep(forTimeInterval: .random(in: 0...0.002) * Double(conflicts))
                }
                pool.noteRepetition()
            }
        }
    }

    /// The connection; while there is none to be had it is tried again and again.
    /// - Throws: ``SQLError`` of kind `.unreachable` when time is up.
    private func connected(before deadline: ContinuousClock.Instant) throws -> PostgreSQLLink {
        if let link { return link }
        var pause = 0.05
        while true {
            do {
                return try connect()
            } catch let error as PostgreSQLError {
                guard !pool.isClosed, ContinuousClock.now + .seconds(pause) < deadline else {
                    throw SQLError(.unreachable, error.description)
                }
                Thread.sleep(forTimeInterval: .random(in: pause / 2...pause))
                pause = min(pause * 2, 1)
            }
        }
    }

    /// Makes a connection now.
    /// - Throws: ``PostgreSQLError`` when that cannot be done.
    @discardableResult
    func connect() throws -> PostgreSQLLink {
        if let link { return link }
        let (link, canceller) = try connector.connect()
        self.link = link
        pool.noteConnection(id, canceller)
        return link
    }

    /// Waits a little before the next try.
    func pause() { Thread.sleep(forTimeInterval: .random(in: 0.05...0.1)) }

    private func disconnect() {
        link = nil
        pool.noteLostConnection(id)
    }
}
#endif
