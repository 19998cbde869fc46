package import PontoonCore

#if PostgreSQL
import CLibPQ
#endif

/// Where a PostgreSQL database is, and how it is used.
package struct PostgreSQLSettings: Sendable {
    /// What a commit promises.
    package enum Durability: String, Sendable {
        /// It survives a power cut of the database's machine.
        case full
        /// It survives the end of this process; a crash of PostgreSQL may take back the last commits (by default those of
        /// 0.6 s), but damages nothing.
        case os
    }

    /// A `postgres://` or `postgresql://` URL; may hold a password.
    ///
    /// All parameters of libpq work, such as `sslmode`, `sslrootcert` and several hosts, and so do its environment
    /// variables and `~/.pgpass` for what the URL leaves out.
    package let url: Secret
    /// User, host, port and database, without password: for logs and messages.
    package let place: String
    /// What a commit promises.
    package var durability = Durability.full
    /// Most connections at once, each on a thread of its own; opened when they are needed.
    package var maximumConnections = 16
    /// Most transactions that may wait for a connection; more are refused at once.
    package var maximumWaiting = 1024
    /// How long making a connection to one host may take, in whole seconds.
    package var connectTimeout = Duration.seconds(5)
    /// How long a transaction may wait for a connection while there is none, before it fails.
    ///
    /// Below the 10 s for which a client of the API waits for an answer.
    package var patience = Duration.seconds(8)
    /// How long one statement may take.
    package var statementTimeout = Duration.seconds(30)
    /// How long one statement may wait for rows that others hold.
    package var lockTimeout = Duration.seconds(10)
    /// After what time without use a connection is given back.
    package var idleTimeout = Duration.seconds(300)
    /// How long ``SQLDriver/close()`` waits for transactions before it cancels them.
    package var closeTimeout = Duration.seconds(5)

    /// Takes a URL apart, without connecting.
    ///
    /// - Parameter url: As in ``url``.
    /// - Throws: ``PostgreSQLError`` of reason `.invalidURL`, or `.notBuilt` in a program without PostgreSQL. It never
    ///   holds a part of the URL: what is wrong there may be half of a password.
    package init(url: String) throws(PostgreSQLError) {
        #if PostgreSQL
        let parts = try Self.parts(of: url)
        let host = parts["host"] ?? parts["hostaddr"] ?? "localhost"
        let port = parts["port"] ?? "5432"
        // Where a password with special characters ends up that are not percent-encoded.
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
        this is no PostgreSQL URL, such as postgres://user:password@host:5432/database?sslmode=require; \
        special characters in it must be percent-encoded
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
