#if PostgreSQL
import CLibPQ

extension Connector {
    /// Checks that all statements of a connection run in the same session of PostgreSQL.
    ///
    /// With a pooler that assigns connections per transaction, prepared statements would be missing, and the settings
    /// of Pontoon's sessions would apply to other clients of the pooler. The check uses separate connections and
    /// changes no settings.
    ///
    /// - Throws: ``PostgreSQLError`` with reason `.unsuitable` if the statements run in different sessions; the errors
    ///   of ``openConnection()``.
    func checkSessions() throws {
        try withConnection { first in
            // To libpq, a pooler reports an id that differs from the id of the PostgreSQL session.
            guard try sessionID(first) != PQbackendPID(first) else { return }
            try withConnection { second in
                // In transaction mode, an idle connection has no session. If the pooler uses its sessions in turn, the
                // first connection gets a different session for its second transaction. Otherwise, the second
                // connection gets the session that the first one used.
                let ids = try (0..<3).map { _ in
                    (first: try sessionID(first), again: try sessionID(first), second: try sessionID(second))
                }
                let firsts = Set(ids.flatMap { [$0.first, $0.again] })
                let seconds = Set(ids.map(\.second))
                guard firsts.count == 1, seconds.count == 1, firsts.isDisjoint(with: seconds) else {
                    throw PostgreSQLError(
                        .unsuitable,
                        """
                        the connection pooler in front of PostgreSQL assigns connections per transaction, as PgBouncer \
                        does with 'pool_mode = transaction'; connect to PostgreSQL directly or set \
                        'pool_mode = session'
                        """
                    )
                }
            }
        }
    }

    private func withConnection(_ body: (OpaquePointer) throws -> Void) throws {
        let connection = try openConnection()
        defer { PQfinish(connection) }
        try body(connection)
    }

    /// Runs a transaction, and returns the id of the session in which it ran.
    private func sessionID(_ connection: OpaquePointer) throws -> CInt {
        let result = PQexec(connection, "SELECT pg_backend_pid()")
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_TUPLES_OK, let text = PQgetvalue(result, 0, 0),
            let id = CInt(String(cString: text))
        else {
            throw PostgreSQLError(
                .refused,
                "cannot determine the id of a PostgreSQL session: \(message(of: connection))"
            )
        }
        return id
    }
}
#endif
