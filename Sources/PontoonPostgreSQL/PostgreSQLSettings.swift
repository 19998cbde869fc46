package import PontoonCore

#if PostgreSQL
import CLibPQ
#endif

/// Location of a PostgreSQL database, and options of the connections to it.
package struct PostgreSQLSettings: Sendable {
    /// The failures that a commit survives.
    package enum Durability: String, Sendable {
        /// Commits survive a power cut of the database server.
        case full
        /// Commits survive a crash of this process. A crash of PostgreSQL may lose the most recent commits (with
        /// PostgreSQL's default settings, those of the last 0.6 s), but corrupts nothing.
        case os
    }

    /// A `postgres://` or `postgresql://` URL; may contain a password.
    ///
    /// All libpq parameters are supported, such as `sslmode`, `sslrootcert` and several hosts. Parameters that the URL
    /// omits are taken from libpq's environment variables and `~/.pgpass`.
    package let url: Secret
    /// User, host, port and database, but not the password, for logs and messages.
    package let place: String
    package var durability = Durability.full
    /// Maximum number of connections.
    ///
    /// Each connection has its own thread. Connections are opened on demand.
    package var maximumConnections = 16
    /// Maximum number of transactions waiting for a connection; further transactions are rejected immediately.
    package var maximumWaiting = 1024
    /// Timeout for connecting to one host, unless the URL specifies `connect_timeout`.
    ///
    /// Rounded down to whole seconds, and at least 2 s.
    package var connectTimeout = Duration.seconds(5)
    /// Timeout for a transaction to get a connection, including the time to replace a lost connection.
    ///
    /// Also the time after which a transaction is not retried after a conflict. A waiting transaction may fail later,
    /// because the time is checked only when a connection becomes free. The default is shorter than the 10 s for which
    /// clients wait for a response.
    package var acquireTimeout = Duration.seconds(8)
    /// Maximum duration of one statement of a read transaction.
    package var readTimeout = Duration.seconds(5)
    /// Maximum duration of one statement of a write transaction, which may change many rows.
    package var writeTimeout = Duration.seconds(30)
    /// Maximum time that a statement waits for one lock, such as a row lock.
    package var lockTimeout = Duration.seconds(10)
    /// Maximum time between two statements of a transaction, after which PostgreSQL closes the connection and rolls the
    /// transaction back.
    ///
    /// Limits how long the transactions of a suspended server can hold row locks. Shorter than ``lockTimeout`` by
    /// default, so that a transaction that waits for such a lock gets it in time.
    package var transactionIdleTimeout = Duration.seconds(5)
    /// Idle time after which a connection is closed.
    package var idleTimeout = Duration.seconds(300)
    /// Time for which ``SQLDriver/close()`` waits for transactions before it cancels those that have not finished.
    package var closeTimeout = Duration.seconds(5)

    /// Parses a URL, without connecting.
    ///
    /// - Parameter url: A URL as described at ``url``.
    /// - Throws: ``PostgreSQLError`` with reason `.invalidURL`, or `.notBuilt` in a program without PostgreSQL. The
    ///   error contains no part of the URL, because any malformed part may be a fragment of the password.
    package init(url: String) throws(PostgreSQLError) {
        #if PostgreSQL
        let parts = try Self.parts(of: url)
        let host = parts["host"] ?? parts["hostaddr"] ?? "localhost"
        let port = parts["port"] ?? "5432"
        // If this check fails, the password probably contains special characters that are not percent-encoded.
        guard !host.contains("@"), parts["dbname"]?.contains("@") != true, parts["user"]?.contains(":") != true,
            port.allSatisfy({ "0123456789,".contains($0) })
        else { throw Self.invalid }
        place = "\(parts["user"].map { $0 + "@" } ?? "")\(host):\(port)/\(parts["dbname"] ?? "")"
        self.url = Secret(url)
        #else
        throw .notBuilt
        #endif
    }

    #if PostgreSQL
    private static let invalid = PostgreSQLError(
        .invalidURL,
        """
        not a valid PostgreSQL URL; use the form postgres://user:password@host:5432/database?sslmode=require, and \
        percent-encode special characters in the user name and password
        """
    )

    private static func parts(of url: String) throws(PostgreSQLError) -> [String: String] {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://"), !url.utf8.contains(0),
            let options = PQconninfoParse(url, nil)
        else { throw invalid }
        defer { PQconninfoFree(options) }
        var parts: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parts[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return parts
    }
    #endif
}
