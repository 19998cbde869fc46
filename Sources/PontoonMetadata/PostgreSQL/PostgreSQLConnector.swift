#if PostgreSQL
import CLibPQ
import PontoonCore

/// Makes connections; blocks while it does.
struct PostgreSQLConnector {
    let settings: PostgreSQLSettings

    /// - Returns: A connection with everything set, and what cancels its statements.
    /// - Throws: ``PostgreSQLError``.
    func connect() throws -> (link: PostgreSQLLink, canceller: PostgreSQLCanceller?) {
        guard let connection = withParameters({ PQconnectdbParams($0, $1, 1) }) else {
            throw PostgreSQLError(.unreachable, "there is no memory for a connection to PostgreSQL")
        }
        guard PQstatus(connection) == CONNECTION_OK else {
            defer { PQfinish(connection) }
            throw reason(of: String(cString: PQerrorMessage(connection)))
        }
        do {
            try check(connection)
            try set(connection)
        } catch {
            PQfinish(connection)
            throw error
        }
        let canceller = PQgetCancel(connection).map(PostgreSQLCanceller.init)
        return (try PostgreSQLLink(owning: connection), canceller)
    }

    /// What of libpq's parameters is not in the URL, and may be there; and what must be as it is.
    private func withParameters<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let parameters = [
            ("connect_timeout", String(max(2, Int(settings.connectTimeout / .seconds(1))))),
            ("fallback_application_name", "pontoond"),
            // A server whose machine is gone is noticed in a minute, without waiting for an answer in half of one.
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
            // libpq takes it apart; what comes later wins.
            ("dbname", settings.url.value), ("client_encoding", "UTF8"),
        ]
        return Self.withStrings(parameters.map(\.0)) { keywords in
            Self.withStrings(parameters.map(\.1)) { values in body(keywords, values) }
        }
    }

    private static func withStrings<Result>(
        _ strings: [String],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let bytes = strings.flatMap { $0.utf8CString }
        return bytes.withUnsafeBufferPointer { bytes in
            var pointers: [UnsafePointer<CChar>?] = []
            var offset = 0
            for string in strings {
                pointers.append(bytes.baseAddress?.advanced(by: offset))
                offset += string.utf8.count + 1
            }
            pointers.append(nil)
            return pointers.withUnsafeBufferPointer { pointers in
                guard let start = pointers.baseAddress else {
                    preconditionFailure("a list with an end has a beginning")
                }
                return body(start)
            }
        }
    }

    /// Asks the server again, without credentials, because libpq gives its refusals in words only.
    private func reason(of words: String) -> PostgreSQLError {
        let words = words.split(separator: "\n").joined(separator: "; ")
        if words.contains("SSL") || words.contains("certificate") {
            return PostgreSQLError(.tls, "no encrypted connection to PostgreSQL: \(words)")
        }
        return switch withParameters({ PQpingParams($0, $1, 1) }) {
        case PQPING_OK: PostgreSQLError(.refused, "PostgreSQL refused the connection: \(words)")
        case PQPING_REJECT: PostgreSQLError(.notReady, "PostgreSQL is not ready: \(words)")
        default: PostgreSQLError(.unreachable, "PostgreSQL is not reachable: \(words)")
        }
    }

    private func check(_ connection: OpaquePointer) throws {
        func status(_ name: String) -> String? { PQparameterStatus(connection, name).map { String(cString: $0) } }
        guard PQserverVersion(connection) >= 120_000 else {
            throw PostgreSQLError(
                .unsuitable,
                "PostgreSQL 12 or newer is needed, this is \(status("server_version") ?? "?")"
            )
        }
        guard status("server_encoding") == "UTF8" else {
            throw PostgreSQLError(
                .unsuitable,
                """
                the database's encoding is \(status("server_encoding") ?? "unknown"); Pontoon needs UTF8: \
                CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0
                """
            )
        }
        guard status("in_hot_standby") != "on" else {
            throw PostgreSQLError(.unsuitable, "this PostgreSQL is a standby, which takes no writes")
        }
    }

    private func set(_ connection: OpaquePointer) throws {
        let synchronous = settings.durability == .full ? "on" : "off"
        // The last bounds how long rows stay held when this process stops in mid-transaction but its machine does not.
        let sql = """
            SET synchronous_commit = \(synchronous);
            SET statement_timeout = \(milliseconds(settings.statementTimeout));
            SET lock_timeout = \(milliseconds(settings.lockTimeout));
            SET idle_in_transaction_session_timeout = \(milliseconds(settings.statementTimeout));
            SET standard_conforming_strings = on
            """
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        guard let result = PQexec(connection, sql) else {
            throw reason(of: String(cString: PQerrorMessage(connection)))
        }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else {
            throw PostgreSQLError(.refused, PostgreSQLFailure(result).error.description)
        }
    }

    private func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }
}

/// Cancels what a connection is doing, from another thread.
///
/// `@unchecked Sendable`: libpq promises that `PQcancel` may be called from any thread, and it only reads what the pointer
/// leads to; nothing frees that but `deinit`, when nobody has the pointer any more.
final class PostgreSQLCanceller: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQfreeCancel(handle) }

    /// Blocks until the server has been told; that this fails, because the server is gone, is as good.
    func cancel() {
        var words = [CChar](repeating: 0, count: 256)
        _ = PQcancel(handle, &words, CInt(words.count))
    }
}
#endif
