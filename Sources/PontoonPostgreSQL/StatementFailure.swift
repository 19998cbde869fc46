#if PostgreSQL
import CLibPQ
import PontoonMetadata

/// The error of a statement or of its connection, and how to retry the transaction.
struct StatementFailure: Error {
    enum RetryAction {
        case none
        /// Retry the transaction, because it conflicted with another one.
        case repeatTransaction
        /// Prepare the statements again and retry the transaction, because a prepared statement is no longer valid.
        case prepareAgain
        /// Retry the transaction on a new connection.
        case reconnect
    }

    let error: SQLError
    let retryAction: RetryAction

    static let skipped = StatementFailure(
        error: SQLError(.other, "not executed, because an earlier statement of the pipeline failed"),
        retryAction: .none
    )
    static let connectionLost = StatementFailure(
        error: SQLError(.unreachable, "the connection to PostgreSQL was lost"),
        retryAction: .reconnect
    )

    private init(error: SQLError, retryAction: RetryAction) {
        self.error = error
        self.retryAction = retryAction
    }

    /// Classifies an error result of libpq.
    init(_ raw: OpaquePointer) {
        func field(_ code: clibpq_field) -> String? {
            PQresultErrorField(raw, CInt(code.rawValue)).map { String(cString: $0) }
        }
        guard let state = field(CLIBPQ_SQLSTATE) else {
            // Errors without an SQLSTATE come from libpq itself and mean that the connection is lost.
            self = .connectionLost
            return
        }
        let isFatal = ["FATAL", "PANIC"].contains(field(CLIBPQ_SEVERITY))
        // Error messages of class 22 quote values, which must not be logged.
        let message = state.hasPrefix("22") ? "a value was rejected" : field(CLIBPQ_MESSAGE) ?? "no message"
        let retryAction = isFatal ? .reconnect : Self.retryAction(state)
        let kind = retryAction == .reconnect ? .unreachable : Self.kind(state)
        self.init(error: SQLError(kind, "PostgreSQL error \(state): \(message)"), retryAction: retryAction)
    }

    // Source: PostgreSQL documentation, appendix A (error codes).
    private static func kind(_ state: String) -> SQLError.Kind {
        switch state {
        case "23505": .uniqueViolation
        case "23503", "23001": .foreignKeyViolation
        case "23514": .checkViolation
        case "53100": .full
        case "40001", "40P01", "55P03", "57014": .busy
        case "22021", "22P05": .unstorableText
        default: .other
        }
    }

    private static func retryAction(_ state: String) -> RetryAction {
        switch state {
        case "40001", "40P01": .repeatTransaction
        // 0A000: "cached plan must not change result type". 26000: unknown prepared statement, as with some poolers.
        case "0A000", "26000": .prepareAgain
        // The server is stopping or has become a standby; another server may have taken over.
        case "57P01", "57P02", "57P03", "57P05", "25006": .reconnect
        default: .none
        }
    }
}
#endif
