#if PostgreSQL
import CLibPQ

/// What became of a statement that failed, or of the connection.
struct PostgreSQLFailure: Error {
    /// What helps against it.
    enum Remedy {
        case none
        /// The transaction again: others were in the way, for this once.
        case repeating
        /// The transaction again, with statements prepared anew: the tables were changed meanwhile.
        case preparing
        /// The transaction again, on another connection.
        case connecting
    }

    let error: SQLError
    let remedy: Remedy

    static let skipped = PostgreSQLFailure(
        error: SQLError(.other, "not run, because a statement before it had failed"),
        remedy: .none
    )
    static let lost = PostgreSQLFailure(
        error: SQLError(.unreachable, "the connection to PostgreSQL was lost"),
        remedy: .connecting
    )

    init(error: SQLError, remedy: Remedy) {
        self.error = error
        self.remedy = remedy
    }

    /// Reads a result of libpq that is an error.
    init(_ raw: OpaquePointer) {
        func field(_ code: clibpq_field) -> String? {
            PQresultErrorField(raw, CInt(code.rawValue)).map { String(cString: $0) }
        }
        guard let state = field(CLIBPQ_SQLSTATE) else {
            // Made by libpq itself, because the connection is gone.
            self = .lost
            return
        }
        let isFatal = ["FATAL", "PANIC"].contains(field(CLIBPQ_SEVERITY))
        // Messages of class 22 quote values.
        let words = state.hasPrefix("22") ? "a value was refused" : field(CLIBPQ_MESSAGE) ?? "no message"
        let remedy = isFatal ? .connecting : Self.remedy(state)
        let kind = remedy == .connecting ? .unreachable : Self.kind(state)
        self.init(error: SQLError(kind, "PostgreSQL error \(state): \(words)"), remedy: remedy)
    }

    // docs: PostgreSQL, appendix A.
    private static func kind(_ state: String) -> SQLError.Kind {
        switch state {
        case "23505": .uniqueViolation
        case "23503", "23001": .foreignKeyViolation
        case "53100": .full
        case "40001", "40P01", "55P03", "57014": .busy
        case "22021", "22P05": .unstorableText
        default: .other
        }
    }

    private static func remedy(_ state: String) -> Remedy {
        switch state {
        case "40001", "40P01": .repeating
        // "cached plan must not change result type"; a prepared statement is unknown, as behind some poolers.
        case "0A000", "26000": .preparing
        // The server stops, or has become a standby; another may have taken its place.
        case "57P01", "57P02", "57P03", "57P05", "25006": .connecting
        default: .none
        }
    }
}
#endif
