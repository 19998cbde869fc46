#if PostgreSQL
import CLibPQ
import PontoonCore
import PontoonMetadata

/// A factory for PostgreSQL connections that blocks the calling thread while it opens one.
struct Connector {
    let settings: PostgreSQLSettings

    /// Opens a connection.
    ///
    /// - Returns: A connection with the session settings applied, and a canceller for its statements. The canceller is
    ///   `nil` if libpq cannot create one.
    /// - Throws: ``PostgreSQLError`` if the connection fails, or the server or database is unsuitable.
    func connect() throws -> (connection: PostgreSQLConnection, canceller: StatementCanceller?) {
        let connection = try openConnection()
        do {
            try check(connection)
            try configure(connection)
        } catch {
            PQfinish(connection)
            throw error
        }
        let canceller = PQgetCancel(connection).map(StatementCanceller.init)
        return (try PostgreSQLConnection(owning: connection), canceller)
    }

    /// Opens a connection without Pontoon's session settings; the caller must close it.
    ///
    /// - Throws: ``PostgreSQLError``.
    func openConnection() throws -> OpaquePointer {
        guard let connection = withParameters({ PQconnectdbParams($0, $1, 1) }) else {
            throw PostgreSQLError(.unreachable, "out of memory while connecting to PostgreSQL")
        }
        guard PQstatus(connection) == CONNECTION_OK else {
            defer { PQfinish(connection) }
            throw error(from: message(of: connection))
        }
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        return connection
    }

    /// Returns the error message of the last operation.
    func message(of connection: OpaquePointer) -> String { String(cString: PQerrorMessage(connection)) }

    /// Calls a closure with libpq's connection parameters: defaults that the URL may override, the URL, and parameters
    /// that the URL cannot override.
    private func withParameters<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let parameters = [
            ("connect_timeout", String(max(2, Int(settings.connectTimeout / .seconds(1))))),
            ("fallback_application_name", "pontoond"),
            // Detects the loss of the server's host within 60 s on an idle connection, and within 30 s while sending.
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
            // libpq expands the URL; parameters after it override it.
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
                    preconditionFailure("the array contains at least its terminator")
                }
                return body(start)
            }
        }
    }

    /// Classifies a failed connection attempt.
    ///
    /// libpq reports the reason only as text. This function recognizes TLS failures by this text, and all others by a
    /// ping, which needs no credentials.
    private func error(from message: String) -> PostgreSQLError {
        let message = message.split(separator: "\n").joined(separator: "; ")
        if message.contains("SSL") || message.contains("certificate") {
            return PostgreSQLError(.tls, "cannot establish an encrypted connection to PostgreSQL: \(message)")
        }
        return switch withParameters({ PQpingParams($0, $1, 1) }) {
        case PQPING_OK: PostgreSQLError(.refused, "PostgreSQL refused the connection: \(message)")
        case PQPING_REJECT: PostgreSQLError(.notReady, "PostgreSQL is not ready: \(message)")
        default: PostgreSQLError(.unreachable, "PostgreSQL is unreachable: \(message)")
        }
    }

    private func check(_ connection: OpaquePointer) throws {
        func status(_ name: String) -> String? { PQparameterStatus(connection, name).map { String(cString: $0) } }
        guard PQserverVersion(connection) >= 120_000 else {
            throw PostgreSQLError(
                .unsuitable,
                "PostgreSQL \(status("server_version") ?? "of unknown version") is too old; upgrade it to 12 or newer"
            )
        }
        guard status("server_encoding") == "UTF8" else {
            throw PostgreSQLError(
                .unsuitable,
                """
                the database's encoding is \(status("server_encoding") ?? "unknown"), but Pontoon requires UTF8; \
                create the database with ENCODING 'UTF8' TEMPLATE template0
                """
            )
        }
        guard status("in_hot_standby") != "on" else {
            throw PostgreSQLError(.unsuitable, "this PostgreSQL server is a read-only standby; connect to the primary")
        }
    }

    private func configure(_ connection: OpaquePointer) throws {
        let synchronous = settings.durability == .full ? "on" : "off"
        let sql = """
            SET synchronous_commit = \(synchronous);
            SET statement_timeout = \(milliseconds(settings.readTimeout));
            SET lock_timeout = \(milliseconds(settings.lockTimeout));
            SET idle_in_transaction_session_timeout = \(milliseconds(settings.transactionIdleTimeout));
            SET standard_conforming_strings = on
            """
        guard let result = PQexec(connection, sql) else { throw error(from: message(of: connection)) }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else {
            throw PostgreSQLError(.refused, StatementFailure(result).error.description)
        }
    }

    private func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }
}

/// A handle with which another thread can cancel the running statement of a connection.
///
/// `@unchecked Sendable`: libpq guarantees that `PQcancel` may be called from any thread. The call only reads the C
/// object, which is freed only by `deinit`.
final class StatementCanceller: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQfreeCancel(handle) }

    /// Requests cancellation, and blocks until the server has received the request.
    ///
    /// Ignores failures. The statement then runs until it finishes or reaches its timeout.
    func cancel() {
        var message = [CChar](repeating: 0, count: 256)
        _ = PQcancel(handle, &message, CInt(message.count))
    }
}
#endif
