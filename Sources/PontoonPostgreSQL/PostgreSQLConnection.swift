#if PostgreSQL
import CLibPQ
import PontoonMetadata

/// A libpq connection in pipeline mode, which sends several statements together and then reads their results.
///
/// The methods block, and must all be called on the same thread.
final class PostgreSQLConnection {
    /// A result that has not yet been read.
    private enum Expected {
        /// The result of preparing the statement with this text.
        case preparation(String)
        case statement
        /// The end of a pipeline segment.
        case sync
    }

    private let connection: OpaquePointer
    private var expected: [Expected] = []
    /// Names of the prepared statements, keyed by SQL text.
    private var names: [String: String] = [:]
    private var preparedCount = 0
    /// Whether the connection is permanently unusable, because it was lost or ``abandon()`` was called.
    private(set) var isBroken = false
    /// Number of times that the connection waited for results.
    private(set) var roundTrips = 0

    /// - Parameter connection: A connected, idle libpq connection; `deinit` closes it.
    /// - Throws: ``PostgreSQLError`` if the connection is not open and idle.
    init(owning connection: OpaquePointer) throws {
        self.connection = connection
        guard PQenterPipelineMode(connection) == 1 else {
            throw PostgreSQLError(.unreachable, "the new connection to PostgreSQL cannot enter pipeline mode")
        }
    }

    deinit { PQfinish(connection) }

    /// Adds a statement to the pipeline.
    ///
    /// - Parameters:
    ///   - text: The SQL.
    ///   - isConstant: Whether to prepare the statement and keep it for later use.
    ///   - values: Values of the parameters, `$1` first.
    /// - Throws: ``StatementFailure`` if the connection is lost; ``SQLError`` for text that contains U+0000.
    func enqueue(_ text: String, isConstant: Bool, values: [SQLValue]) throws {
        let parameters = try StatementParameters(values)
        let isQueued: Bool
        if isConstant {
            let name = try preparedName(of: text)
            isQueued = parameters.withPointers { PQsendQueryPrepared(connection, name, $0, $1, nil, nil, 0) == 1 }
        } else {
            isQueued = parameters.withPointers { PQsendQueryParams(connection, text, $0, nil, $1, nil, nil, 0) == 1 }
        }
        guard isQueued else { throw lost() }
        expected.append(.statement)
    }

    private func preparedName(of text: String) throws -> String {
        if let name = names[text] { return name }
        preparedCount += 1
        let name = "s\(preparedCount)"
        guard PQsendPrepare(connection, name, text, 0, nil) == 1 else { throw lost() }
        expected.append(.preparation(text))
        names[text] = name
        return name
    }

    var unreadResults: Int { expected.count }

    /// Marks the connection as unusable, because its transaction cannot be finished.
    func abandon() { isBroken = true }

    /// Causes every statement to be prepared again on its next use.
    func forgetPreparedStatements() { names = [:] }

    /// Sends the pipeline without waiting; the next ``roundTrip()`` reads and discards its results and errors.
    ///
    /// - Throws: ``StatementFailure`` if the connection is lost.
    func flush() throws {
        guard !isBroken, PQpipelineSync(connection) == 1 else { throw lost() }
        expected.append(.sync)
    }

    /// Sends the pipeline and waits for its results.
    ///
    /// - Returns: The result of the last statement.
    /// - Throws: The first ``StatementFailure``; the server has not executed the statements after it. ``SQLError`` if a
    ///   result has a column of an unsupported type.
    func roundTrip() throws -> StatementResult {
        try flush()
        roundTrips += 1
        let expected = expected
        self.expected = []
        var last = Result<StatementResult, any Error>.success(.none)
        for (index, next) in expected.enumerated() {
            switch next {
            case .statement: last = Self.firstFailure(last, try readResult())
            case .preparation(let text):
                let result = try readResult()
                if case .failure = result { names[text] = nil }
                last = Self.firstFailure(last, result)
            case .sync:
                try readSync()
                // Discards the results of an earlier flush().
                if index < expected.count - 1 { last = .success(.none) }
            }
        }
        return try last.get()
    }

    private static func firstFailure(
        _ last: Result<StatementResult, any Error>,
        _ next: Result<StatementResult, any Error>
    ) -> Result<StatementResult, any Error> {
        if case .failure = last { last } else { next }
    }

    /// Reads the result of one statement.
    ///
    /// - Returns: The result, or the error of the statement itself.
    /// - Throws: ``StatementFailure`` if the connection is lost.
    private func readResult() throws -> Result<StatementResult, any Error> {
        guard let raw = PQgetResult(connection) else { throw lost() }
        defer { PQclear(raw) }
        switch PQresultStatus(raw) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
            try readTerminator()
            return Result { try StatementResult(raw) }
        case PGRES_PIPELINE_ABORTED:
            // An earlier statement failed, and its error is the one to throw.
            try readTerminator()
            return .failure(StatementFailure.skipped)
        default:
            let failure = StatementFailure(raw)
            if failure.retryAction == .reconnect {
                isBroken = true
                throw failure
            }
            try readTerminator()
            return .failure(failure)
        }
    }

    /// Reads the null pointer with which libpq ends the results of each statement.
    private func readTerminator() throws {
        guard let surplus = PQgetResult(connection) else { return }
        PQclear(surplus)
        throw lost()
    }

    private func readSync() throws {
        guard let raw = PQgetResult(connection) else { throw lost() }
        defer { PQclear(raw) }
        guard PQresultStatus(raw) == PGRES_PIPELINE_SYNC else { throw lost() }
    }

    private func lost() -> StatementFailure {
        isBroken = true
        return .connectionLost
    }
}
#endif
