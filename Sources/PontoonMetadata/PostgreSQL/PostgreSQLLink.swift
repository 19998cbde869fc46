#if PostgreSQL
import CLibPQ

/// One connection of libpq, in pipeline mode: statements are sent together, and their answers read together.
///
/// Blocks; belongs to one thread.
final class PostgreSQLLink {
    /// What the next answers are about.
    private enum Awaited {
        /// A statement with this text is prepared.
        case preparation(String)
        case statement
        case end
    }

    private let connection: OpaquePointer
    private var awaited: [Awaited] = []
    /// Names of the statements that are prepared, by their text.
    private var names: [String: String] = [:]
    private var statementsNamed = 0
    /// Set once and for all when nothing can be asked any more.
    private(set) var isBroken = false
    /// How often an answer was waited for.
    private(set) var roundTrips = 0

    /// Takes a connection over.
    /// - Parameter connection: Connected and idle.
    /// - Throws: ``PostgreSQLFailure`` when it is not.
    init(owning connection: OpaquePointer) throws {
        self.connection = connection
        guard PQenterPipelineMode(connection) == 1 else { throw lost() }
    }

    deinit { PQfinish(connection) }

    /// Sends a statement with the next ones.
    ///
    /// - Parameters:
    ///   - text: The SQL.
    ///   - isConstant: Whether it is kept prepared.
    ///   - values: Its parameters.
    /// - Throws: ``PostgreSQLFailure`` when the connection is lost, and ``SQLError`` for text that cannot be stored.
    func send(_ text: String, isConstant: Bool, values: [SQLValue]) throws {
        let parameters = try PostgreSQLParameters(values)
        let isSent: Bool
        if isConstant {
            let name = try name(of: text)
            isSent = parameters.withPointers { PQsendQueryPrepared(connection, name, $0, $1, nil, nil, 0) == 1 }
        } else {
            isSent = parameters.withPointers { PQsendQueryParams(connection, text, $0, nil, $1, nil, nil, 0) == 1 }
        }
        guard isSent else { throw lost() }
        awaited.append(.statement)
    }

    private func name(of text: String) throws -> String {
        if let name = names[text] { return name }
        statementsNamed += 1
        let name = "s\(statementsNamed)"
        guard PQsendPrepare(connection, name, text, 0, nil) == 1 else { throw lost() }
        awaited.append(.preparation(text))
        names[text] = name
        return name
    }

    /// How many answers are yet to be read.
    var unread: Int { awaited.count }

    /// Gives the connection up: what it was in the middle of cannot be ended in order.
    func abandon() { isBroken = true }

    /// Prepares every statement anew when it is used next.
    func forgetStatements() { names = [:] }

    /// Lets the server work on what was sent, without waiting: the answers are read, and dropped, with the next ones.
    /// - Throws: ``PostgreSQLFailure`` when the connection is lost.
    func flush() throws {
        guard !isBroken, PQpipelineSync(connection) == 1 else { throw lost() }
        awaited.append(.end)
    }

    /// Waits for the answers to what was sent.
    ///
    /// - Returns: That of the last statement.
    /// - Throws: ``PostgreSQLFailure``, the first one; the server has run nothing that was sent after it.
    func roundTrip() throws -> PostgreSQLResult {
        try flush()
        roundTrips += 1
        let expected = awaited
        awaited = []
        var last = Result<PostgreSQLResult, any Error>.success(.none)
        for (index, next) in expected.enumerated() {
            switch next {
            case .statement: last = Self.next(last, try answer())
            case .preparation(let text):
                let answer = try answer()
                if case .failure = answer { names[text] = nil }
                last = Self.next(last, answer)
            case .end:
                try readEnd()
                // What was flushed before is not what is asked for now.
                if index < expected.count - 1 { last = .success(.none) }
            }
        }
        return try last.get()
    }

    private static func next(
        _ last: Result<PostgreSQLResult, any Error>,
        _ answer: Result<PostgreSQLResult, any Error>
    ) -> Result<PostgreSQLResult, any Error> {
        if case .failure = last { last } else { answer }
    }

    /// Reads the answer to one statement.
    /// - Throws: ``PostgreSQLFailure`` when the connection is lost; an error of the statement is returned.
    private func answer() throws -> Result<PostgreSQLResult, any Error> {
        guard let raw = PQgetResult(connection) else { throw lost() }
        defer { PQclear(raw) }
        switch PQresultStatus(raw) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
            try readMark()
            return Result { try PostgreSQLResult(raw) }
        case PGRES_PIPELINE_ABORTED:
            // One before it failed, and that is what counts.
            try readMark()
            return .failure(PostgreSQLFailure.skipped)
        default:
            let failure = PostgreSQLFailure(raw)
            if failure.remedy == .connecting {
                isBroken = true
                throw failure
            }
            try readMark()
            return .failure(failure)
        }
    }

    /// Every answer is followed by nothing, once.
    private func readMark() throws {
        guard let surplus = PQgetResult(connection) else { return }
        PQclear(surplus)
        throw lost()
    }

    private func readEnd() throws {
        guard let raw = PQgetResult(connection) else { throw lost() }
        defer { PQclear(raw) }
        guard PQresultStatus(raw) == PGRES_PIPELINE_SYNC else { throw lost() }
    }

    private func lost() -> PostgreSQLFailure {
        isBroken = true
        return .lost
    }
}
#endif
